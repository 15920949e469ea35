set search_path to bff_backoffice;

-- Events that were dealt with, or set aside, grow old, and go by jobs: whoever leaves one is on the platform's list of tenants
-- (0009), and who locks a row needs the right to change something of it.
create trigger inbox_names_its_tenant after insert on inbox
  for each row execute function name_outbox_tenant();
create trigger parked_events_names_its_tenant after insert on parked_events
  for each row execute function name_outbox_tenant();
grant update (tenant_id) on inbox to bff_worker;
