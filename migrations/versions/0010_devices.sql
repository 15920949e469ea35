set search_path to bff_backoffice;

-- What a device says that it has queued (OfflineActionQueueHint, specification section 4): the newest word of each device, for
-- its operator's other devices. The queue itself is on the device. A hint of more than seven days ago is shown to nobody, and
-- goes when its operator's next one is written, or with the job that looks for them.
create table offline_action_queue_hints (
  tenant_id   text        not null,
  device_id   text        not null,
  id          text        not null,
  operator_id text        not null,
  pending     integer     not null check (pending >= 0),
  oldest_at   timestamptz,
  by_kind     json        not null check (json_typeof(by_kind) = 'object'),
  reported_at timestamptz not null,
  primary key (tenant_id, device_id)
);
comment on column offline_action_queue_hints.id is 'oaq_ and a ULID';
comment on column offline_action_queue_hints.oldest_at is 'by the device''s own clock';
create index offline_action_queue_hints_operator on offline_action_queue_hints (tenant_id, operator_id, reported_at);
alter table offline_action_queue_hints enable row level security;
alter table offline_action_queue_hints force row level security;
create policy offline_action_queue_hints_tenant_isolation on offline_action_queue_hints
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
grant select, insert, update, delete on offline_action_queue_hints to bff_app;
grant select, delete on offline_action_queue_hints to bff_worker;
