set search_path to bff_backoffice;

-- Which events of other services were dealt with (specification section 9; contract, section 8: once per event id). Where the
-- effect is ours the row is written in the effect's own transaction. `source` is the publishing service, since an identifier
-- is unique to its source only.
create table inbox (
  tenant_id   text        not null,
  source      text        not null,
  event_id    text        not null,
  subject     text        not null,
  occurred_at timestamptz,
  received_at timestamptz not null default clock_timestamp(),
  primary key (tenant_id, source, event_id)
);
comment on column inbox.source is 'the second word of the subject, such as iam';
create index inbox_age on inbox (tenant_id, received_at);
alter table inbox enable row level security;
alter table inbox force row level security;
create policy inbox_tenant_isolation on inbox
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
-- Who serves requests takes pushed events, who works pulls them; only upkeep, which is the worker's, forgets.
grant select, insert on inbox to bff_app;
grant select, insert, delete on inbox to bff_worker;

-- Messages that could not be dealt with, as they came, for a person to look at and to replay. `id` is made from the content, so
-- that one that is parked twice is parked once. Of a message that names no tenant the tenant is `*`.
create table parked_events (
  tenant_id    text        not null,
  id           text        not null,
  subject      text        not null,
  ordering_key text        not null,
  event_id     text        not null,
  envelope     bytea       not null,
  why          text        not null,
  attempts     integer     not null,
  parked_at    timestamptz not null default clock_timestamp(),
  primary key (tenant_id, id)
);
comment on column parked_events.id is 'pkd_ and the first 32 digits of the SHA-256 of the message';
create index parked_events_age on parked_events (tenant_id, parked_at);
alter table parked_events enable row level security;
alter table parked_events force row level security;
create policy parked_events_tenant_isolation on parked_events
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
grant select, insert, delete, update (why, attempts, parked_at) on parked_events to bff_app, bff_worker;

-- Which tenants have ever had one, for whoever looks at all of them: names of tenants and nothing of theirs.
create table parked_event_tenants (
  tenant_id text not null,
  named     text not null,
  primary key (tenant_id, named)
);
alter table parked_event_tenants enable row level security;
alter table parked_event_tenants force row level security;
create policy parked_event_tenants_tenant_isolation on parked_event_tenants
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
grant select, insert on parked_event_tenants to bff_app, bff_worker;

-- Runs with the rights of whoever parks, and in its transaction: no parked message without its tenant on the list.
create function name_parked_event_tenant() returns trigger language plpgsql set search_path = bff_backoffice, pg_temp as $$
begin
  perform set_config('app.tenant_id', '*', true);
  if not exists (select from parked_event_tenants where tenant_id = '*' and named = new.tenant_id) then
    insert into parked_event_tenants (tenant_id, named) values ('*', new.tenant_id) on conflict do nothing;
  end if;
  perform set_config('app.tenant_id', new.tenant_id, true);
  return null;
end
$$;
create trigger parked_event_names_its_tenant after insert on parked_events
  for each row execute function name_parked_event_tenant();
