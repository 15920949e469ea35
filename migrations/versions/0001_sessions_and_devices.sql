-- The roles `bff_app` and `bff_worker` exist before this runs (docs/settings.md, "Roles of Postgres"). Neither owns
-- anything nor bypasses row-level security. The policies name no role, so that no plan is made for one role and run as
-- another (CVE-2023-2455).
set search_path to bff_backoffice;

grant usage on schema bff_backoffice to bff_app, bff_worker;

-- A `sid` that is refused although its tokens have not expired. Kept in Postgres so that a Redis without memory revives
-- none. Expired rows of a tenant go when its next row is written, so no job has to look across tenants.
create table revoked_sessions (
  tenant_id   text        not null,
  session_id  text        not null,
  device_id   text,
  operator_id text,
  reason      text        not null,
  revoked_at  timestamptz not null default now(),
  expires_at  timestamptz not null,
  primary key (tenant_id, session_id)
);
create index revoked_sessions_expiry on revoked_sessions (expires_at);
alter table revoked_sessions enable row level security;
alter table revoked_sessions force row level security;
-- current_setting without its missing_ok flag: a connection on which no tenant was ever set fails loudly. On one that
-- served a tenant before, the setting is empty and matches nothing.
create policy revoked_sessions_tenant_isolation on revoked_sessions
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
grant select, insert, update, delete on revoked_sessions to bff_app, bff_worker;

-- What each device last said of itself (DeviceSyncStatus, specification section 4).
create table device_sync_status (
  tenant_id         text        not null,
  device_id         text        not null,
  id                text        not null unique,
  operator_id       text        not null,
  property_id       text        not null,
  last_heartbeat_at timestamptz not null,
  sent_at           timestamptz not null,
  queue_depth       integer     not null check (queue_depth >= 0),
  last_sync_at      timestamptz,
  network_profile   text        not null,
  app_version       text        not null,
  battery_percent   smallint    check (battery_percent between 0 and 100),
  primary key (tenant_id, device_id)
);
create index device_sync_status_operator on device_sync_status (tenant_id, operator_id);
alter table device_sync_status enable row level security;
alter table device_sync_status force row level security;
create policy device_sync_status_tenant_isolation on device_sync_status
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
grant select, insert, update on device_sync_status to bff_app;
grant select on device_sync_status to bff_worker;

-- Numbers the memories of the proof store. The first one ever drawn means that no proof was accepted before; any later one
-- means that a store in use lost what it knew. A sequence, because it survives a rollback and holds no tenant's data.
create sequence replay_memory_generations;
grant usage on sequence replay_memory_generations to bff_app, bff_worker;
