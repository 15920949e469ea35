set search_path to bff_backoffice;

-- What sync-service said last of how far a device has synchronised a scope (part of DeviceSyncStatus, specification section 4).
-- A copy: sync-service is the authority. `known_at` is the moment for which the value is known to be so, and what was known
-- earlier never replaces it. A null value: it was never synchronised.
create table sync_cursors (
  tenant_id   text        not null,
  operator_id text        not null,
  device_id   text        not null,
  scope       text        not null,
  value       text,
  known_at    timestamptz not null,
  primary key (tenant_id, device_id, operator_id, scope)
);
alter table sync_cursors enable row level security;
alter table sync_cursors force row level security;
create policy sync_cursors_tenant_isolation on sync_cursors
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
grant select, insert, update on sync_cursors to bff_app, bff_worker;

-- Moving a cursor is audited as every change at another service is; what was wanted is not in the path there.
alter table mutation_audit add column detail json;
comment on column mutation_audit.detail is 'what was asked for, where the resource alone does not say it: a cursor''s value and time';
