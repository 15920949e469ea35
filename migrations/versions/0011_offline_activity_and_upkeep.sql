set search_path to bff_backoffice;

-- What desktops did without a network comes later, as events of sync-service (specification, section 9), and belongs to the same
-- ledger: `origin` 'offline', `occurred_at` the original time. Such a line has no session and no request, may have no property, and
-- nobody knows any more which roles the operator had then.
alter table operator_activity drop constraint operator_activity_origin_check;
alter table operator_activity add constraint operator_activity_origin_check check (origin in ('offline', 'desktop', 'service'));
alter table operator_activity
  alter column session_id drop not null,
  alter column property_id drop not null,
  alter column roles drop not null,
  alter column request_id drop not null,
  add constraint operator_activity_whole check (
    origin = 'offline' or (session_id is not null and property_id is not null and roles is not null and request_id is not null)),
  add column source_event_id text;
comment on column operator_activity.source_event_id is 'the desktop''s own identifier of what it did offline; each is here once';
-- The worker hears the events.
grant insert on operator_activity to bff_worker;
-- How it is known that a line is there already. Only lines of what was done offline are in it.
create index operator_activity_offline on operator_activity (tenant_id, device_id, source_event_id)
  where source_event_id is not null;

-- Hints and copies of cursors grow old, and go by jobs: whoever leaves one is on the platform's list of tenants (0009), and who
-- locks a row needs the right to change something of it.
create trigger offline_action_queue_hints_names_its_tenant after insert on offline_action_queue_hints
  for each row execute function name_outbox_tenant();
create trigger sync_cursors_names_its_tenant after insert on sync_cursors
  for each row execute function name_outbox_tenant();
grant update (tenant_id) on offline_action_queue_hints to bff_worker;
grant delete on sync_cursors to bff_worker;
