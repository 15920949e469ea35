set search_path to bff_backoffice;

-- What another service has to be told, written in the transaction of what it is about (specification section 9: "analytics in
-- Postgres outbox"; section 5, responsibility 5). A row goes once it was heard; one that nobody will ever hear is parked.
-- `next_at` is when it may be told next; whoever takes it moves that into the future first, so a teller that dies is no loss.
create table outbox (
  tenant_id  text        not null,
  id         text        not null,
  kind       text        not null,
  about      text        not null,
  payload    json        not null,
  created_at timestamptz not null default clock_timestamp(),
  attempts   integer     not null default 0,
  next_at    timestamptz not null default clock_timestamp(),
  parked_at  timestamptz,
  last_error text,
  primary key (tenant_id, id)
);
create index outbox_due on outbox (tenant_id, next_at) where parked_at is null;
alter table outbox enable row level security;
alter table outbox force row level security;
create policy outbox_tenant_isolation on outbox
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
-- Who serves requests writes, and reads how far the telling has come; who tells takes, puts off, parks and removes.
grant select, insert on outbox to bff_app;
grant select, delete, update (attempts, next_at, parked_at, last_error) on outbox to bff_worker;

-- Which tenants have ever had something to tell. The worker sets one tenant at a time and nobody sees across them, so that
-- it needs a list; this one belongs to the platform, `*`, and holds names of tenants and nothing of theirs.
create table outbox_tenants (
  tenant_id text not null,
  named     text not null,
  primary key (tenant_id, named)
);
alter table outbox_tenants enable row level security;
alter table outbox_tenants force row level security;
create policy outbox_tenants_tenant_isolation on outbox_tenants
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
grant select, insert on outbox_tenants to bff_app;
grant select on outbox_tenants to bff_worker;

-- Runs with the rights of whoever writes the message, and in its transaction: no message without its tenant on the list.
create function name_outbox_tenant() returns trigger language plpgsql set search_path = bff_backoffice, pg_temp as $$
begin
  perform set_config('app.tenant_id', '*', true);
  if not exists (select from outbox_tenants where tenant_id = '*' and named = new.tenant_id) then
    insert into outbox_tenants (tenant_id, named) values ('*', new.tenant_id) on conflict do nothing;
  end if;
  perform set_config('app.tenant_id', new.tenant_id, true);
  return null;
end
$$;
create trigger outbox_names_its_tenant after insert on outbox for each row execute function name_outbox_tenant();

-- What operators do (OperatorActivity, specification section 4): the desktop's clicks, and how each mutation ended. Only ever
-- appended to. `recorded_at` is Postgres's time of the request, `occurred_at` the device's; a week is a partition, and what
-- is older than 90 days goes with its partition.
create table operator_activity (
  tenant_id       text        not null,
  recorded_at     timestamptz not null default clock_timestamp(),
  id              text        not null,
  origin          text        not null check (origin in ('desktop', 'service')),
  kind            text        not null,
  outcome         text,
  occurred_at     timestamptz not null,
  operator_id     text        not null,
  device_id       text        not null,
  session_id      text        not null,
  property_id     text        not null,
  roles           text        not null,
  request_id      text        not null,
  app_version     text,
  network_profile text,
  target_type     text,
  target_id       text,
  detail          json,
  primary key (tenant_id, recorded_at, id)
) partition by range (recorded_at);
comment on column operator_activity.id is 'act_ and a ULID';
comment on column operator_activity.outcome is 'how a mutation ended; null for what the desktop tells';
comment on column operator_activity.detail is 'what the desktop said, to the letter';
alter table operator_activity enable row level security;
alter table operator_activity force row level security;
create policy operator_activity_tenant_isolation on operator_activity
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
grant select, insert on operator_activity to bff_app;
grant select on operator_activity to bff_worker;

-- Never without a place: upkeep that has not run for weeks costs retention, not the mutation that is being written down.
create table operator_activity_other partition of operator_activity default;
alter table operator_activity_other enable row level security;
alter table operator_activity_other force row level security;
create policy operator_activity_other_tenant_isolation on operator_activity_other
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));

-- Runs as the owner, because only an owner makes and drops tables; it reads no row and takes nothing from its caller. Answers
-- how many partitions it made and dropped. A week begins on Monday, UTC; this one and the next four are prepared.
create function keep_operator_activity(out made integer, out dropped integer)
language plpgsql security definer set search_path = bff_backoffice, pg_temp as $$
declare
  this_week constant timestamptz := date_trunc('week', clock_timestamp(), 'UTC');
  week timestamptz;
  name text;
begin
  -- Two at once would wait for each other's tables; and nobody who writes shall wait for either for long.
  perform pg_advisory_xact_lock(hashtext('keep_operator_activity'));
  set local lock_timeout = '1s';
  made := 0;
  dropped := 0;
  for ahead in 0 .. 4 loop
    week := this_week + ahead * interval '7 days';
    name := 'operator_activity_' || to_char(week at time zone 'UTC', 'YYYYMMDD');
    continue when to_regclass('bff_backoffice.' || name) is not null;
    begin
      execute format('create table %I partition of operator_activity for values from (%L) to (%L)',
                     name, week, week + interval '7 days');
      -- A partition is a table of its own for whoever names it, and does not inherit its parent's policies then.
      execute format('alter table %I enable row level security', name);
      execute format('alter table %I force row level security', name);
      execute format(
        'create policy %I on %I using (tenant_id = current_setting(''app.tenant_id''))'
        ' with check (tenant_id = current_setting(''app.tenant_id''))', name || '_tenant_isolation', name);
      made := made + 1;
    exception when check_violation then
      -- Rows of this week are in the default partition already; they stay there, and the next week has its own again.
      raise warning 'operator_activity has rows of % in its default partition', week;
    end;
  end loop;
  for name in
    select relname from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent = 'operator_activity'::regclass and relname ~ '^operator_activity_[0-9]{8}$'
      and (to_date(right(relname, 8), 'YYYYMMDD') + 7)::timestamp at time zone 'UTC'
          <= clock_timestamp() - interval '90 days'
  loop
    execute format('drop table %I', name);
    dropped := dropped + 1;
  end loop;
end
$$;
revoke all on function keep_operator_activity() from public;
grant execute on function keep_operator_activity() to bff_worker;
select keep_operator_activity();
