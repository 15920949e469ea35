set search_path to bff_backoffice;

-- What tenant-service last said of an operator's preferences (OperatorPreferences, specification section 4): a mirror, never
-- the truth. `as_of` is when that answer was asked for; a row is current unless it was asked for before `outdated_at`, when
-- an event said that there is something newer. An outdated row is still shown while tenant-service is away. 30 days' retention.
create table operator_preferences (
  tenant_id   text        not null,
  operator_id text        not null,
  id          text        not null unique,
  content     text        not null,
  version     bigint      not null,
  as_of       timestamptz not null,
  outdated_at timestamptz,
  primary key (tenant_id, operator_id)
);
create index operator_preferences_age on operator_preferences (tenant_id, as_of);
alter table operator_preferences enable row level security;
alter table operator_preferences force row level security;
create policy operator_preferences_tenant_isolation on operator_preferences
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
grant select, insert, update on operator_preferences to bff_app;
grant select, update, delete on operator_preferences to bff_worker;

-- Keys that a tenant (`operator_id` is '*') or an operator chose instead of the static ones (KeyboardShortcutMap), for one
-- platform. `bindings` maps an action to its key combination, or to null where the action shall have none. `version` counts
-- the changes, so that a writer can demand that nobody wrote meanwhile.
create table keyboard_shortcut_overrides (
  tenant_id   text        not null,
  operator_id text        not null,
  platform    text        not null,
  id          text        not null unique,
  bindings    jsonb       not null,
  version     bigint      not null default 1 check (version > 0),
  changed_at  timestamptz not null default now(),
  changed_by  text        not null,
  primary key (tenant_id, operator_id, platform)
);
alter table keyboard_shortcut_overrides enable row level security;
alter table keyboard_shortcut_overrides force row level security;
create policy keyboard_shortcut_overrides_tenant_isolation on keyboard_shortcut_overrides
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
grant select, insert, update, delete on keyboard_shortcut_overrides to bff_app;
grant select, delete on keyboard_shortcut_overrides to bff_worker;
