set search_path to bff_backoffice;

-- 1. Keys that were used, and whose answers are gone ----------------------------------------------------------------
--
-- A key's row is kept for seven days (contract, section 5) and then deleted with its answer. What stays is a tombstone:
-- sixteen bytes of a hash, from which nobody learns a device, a thing or a person, so that the key is never claimed anew
-- (docs/decisions/spent-keys.md). That holds whoever deletes the row: it is the table that leaves the tombstone.
create table spent_keys (
  tenant_id text        not null,
  scope     bytea       not null,
  made_at   timestamptz,
  spent_at  timestamptz not null default clock_timestamp(),
  primary key (tenant_id, scope)
);
comment on column spent_keys.made_at is 'the time that a ULID or a UUIDv7 carries, where it is near that of its first claim; null: the tombstone is never removed';
create index spent_keys_age on spent_keys (tenant_id, made_at) where made_at is not null;
alter table spent_keys enable row level security;
alter table spent_keys force row level security;
create policy spent_keys_tenant_isolation on spent_keys
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
grant select on spent_keys to bff_app;
grant select, insert, delete on spent_keys to bff_worker;

-- Tombstones that were removed were of keys made in this time. A key of this time that nobody knows may be one of them.
create table forgotten_keys (
  tenant_id  text        not null primary key,
  made_from  timestamptz not null,
  made_until timestamptz not null,
  check (made_from <= made_until)
);
alter table forgotten_keys enable row level security;
alter table forgotten_keys force row level security;
create policy forgotten_keys_tenant_isolation on forgotten_keys
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
grant select on forgotten_keys to bff_app;
grant select, insert, update on forgotten_keys to bff_worker;

-- Who locks a row needs the right to change something of it: the one column that the policy lets nobody change.
grant update (tenant_id) on idempotency, mfa_attestations, spent_keys to bff_worker;

create function scope_of_key(device_id text, method text, path text, key text) returns bytea
language sql stable parallel safe as $$
  select substring(sha256(convert_to(concat_ws(E'\n', device_id, method, path, key), 'UTF8')) for 16)
$$;

-- The milliseconds in a ULID's first ten letters and in a UUIDv7's first twelve digits; null for every other key.
create function time_of_key(key text) returns timestamptz language sql immutable parallel safe as $$
  select to_timestamp(case
    when key ~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' then (
      select sum((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(key, place, 1)) - 1)::bigint << (5 * (10 - place)))
      from generate_series(1, 10) as places (place))
    when key ~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' then
      ('x' || lpad(substr(key, 1, 8) || substr(key, 10, 4), 16, '0'))::bit(64)::bigint
    end / 1000.0)
$$;

-- Whether the key was used so long ago that its row is gone. One statement: a tombstone that is being removed is seen
-- either itself or in the time of the forgotten ones.
create function is_spent(tenant text, device_id text, method text, path text, key text) returns boolean
language sql stable as $$
  select exists (
      select from bff_backoffice.spent_keys
      where tenant_id = tenant and scope = bff_backoffice.scope_of_key(device_id, method, path, key))
    or exists (
      select from bff_backoffice.forgotten_keys
      where tenant_id = tenant and bff_backoffice.time_of_key(key) between made_from and made_until)
$$;

-- After the insert and not before it: a claim that waited for the sweep of the very same key goes on when the sweep has
-- committed, and what the trigger asks then is asked with new eyes (read committed: each statement of a volatile function
-- has a snapshot of its own).
create function refuse_spent_key() returns trigger language plpgsql as $$
begin
  if bff_backoffice.is_spent(new.tenant_id, new.device_id, new.method, new.path, new.key) then
    raise exception 'the key was used, and what came of it is kept no more'
      using errcode = 'unique_violation', constraint = 'idempotency_spent';
  end if;
  return null;
end
$$;
create trigger idempotency_is_not_spent after insert on idempotency
  for each row execute function refuse_spent_key();

create function bury_keys() returns trigger language plpgsql as $$
begin
  insert into bff_backoffice.spent_keys (tenant_id, scope, made_at)
  select tenant_id, bff_backoffice.scope_of_key(device_id, method, path, key),
         -- A clock that was wrong, or a ULID that carries no time, says nothing of when the key was used.
         case when abs(extract(epoch from bff_backoffice.time_of_key(key) - claimed_at)) <= 90 * 86400
              then bff_backoffice.time_of_key(key) end
  from gone
  on conflict do nothing;
  return null;
end
$$;
create trigger idempotency_leaves_tombstones after delete on idempotency
  referencing old table as gone for each statement execute function bury_keys();

create function forget_tombstones() returns trigger language plpgsql as $$
begin
  if exists (select from gone where made_at is null) and current_user = 'bff_worker' then
    raise exception 'a tombstone that has no time stays' using errcode = 'restrict_violation';
  end if;
  insert into bff_backoffice.forgotten_keys as kept (tenant_id, made_from, made_until)
  select tenant_id, min(made_at), max(made_at) from gone where made_at is not null group by tenant_id
  on conflict (tenant_id) do update set
    made_from = least(kept.made_from, excluded.made_from), made_until = greatest(kept.made_until, excluded.made_until);
  return null;
end
$$;
create trigger spent_keys_are_remembered_together after delete on spent_keys
  referencing old table as gone for each statement execute function forget_tombstones();

-- 2. Which tenants have something that grows old --------------------------------------------------------------------
--
-- Nobody sees across tenants, so upkeep goes through the platform's list of names (0005), on which everybody who leaves
-- something to be removed is put.
create trigger idempotency_names_its_tenant after insert on idempotency
  for each row execute function name_outbox_tenant();
create trigger mfa_attestations_names_its_tenant after insert on mfa_attestations
  for each row execute function name_outbox_tenant();
create trigger revoked_sessions_names_its_tenant after insert on revoked_sessions
  for each row execute function name_outbox_tenant();
create trigger operator_preferences_names_its_tenant after insert on operator_preferences
  for each row execute function name_outbox_tenant();
grant insert on outbox_tenants to bff_worker;

-- 3. When each job ran ----------------------------------------------------------------------------------------------
--
-- A job belongs to the platform, `*`. Whoever takes one holds it until `lease_until`; who asks for one writes
-- `requested_at`; `next_at` is when it is due again.
create table job_runs (
  tenant_id    text        not null,
  name         text        not null,
  next_at      timestamptz not null default clock_timestamp(),
  requested_at timestamptz,
  lease_until  timestamptz not null default '-infinity',
  started_at   timestamptz,
  succeeded_at timestamptz,
  rows         bigint      not null default 0,
  failed_at    timestamptz,
  failure      text,
  primary key (tenant_id, name)
);
alter table job_runs enable row level security;
alter table job_runs force row level security;
create policy job_runs_tenant_isolation on job_runs
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
grant select, insert, update (requested_at) on job_runs to bff_app;
grant select, insert, update on job_runs to bff_worker;

-- 4. The audits, a partition a year ---------------------------------------------------------------------------------
--
-- Their identifiers are a prefix and a ULID of the moment when the row was written, so they are partitioned as the logs
-- of 0004 are. Rows that are there move along; nobody else is at the tables meanwhile.
do $$
declare
  audit record;
begin
  for audit in select * from (values ('mutation_audit'), ('lock_action_proxy_audit')) as audits (name) loop
    execute format('alter table %I rename to %I', audit.name, audit.name || '_before');
    execute format('alter index %I rename to %I', audit.name || '_pkey', audit.name || '_before_pkey');
    execute format('alter index %I rename to %I', audit.name || '_age', audit.name || '_before_age');
    -- The order of the letters, which is that of the moments; the parent takes its columns over as they are.
    execute format('alter table %I alter column id type text collate "C"', audit.name || '_before');
    execute format(
      'create table %I (like %I including defaults including comments, primary key (tenant_id, id)) partition by range (id)',
      audit.name, audit.name || '_before');
    execute format('create index %I on %I (tenant_id, started_at)', audit.name || '_age', audit.name);
  end loop;
end
$$;

create function beginning_of_ulids(moment timestamptz) returns text language sql immutable parallel safe as $$
  select string_agg(
    substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ',
           ((trunc(extract(epoch from moment) * 1000)::bigint >> (5 * (10 - place))) & 31)::integer + 1, 1), '' order by place)
  from generate_series(1, 10) as places (place)
$$;

-- Runs as the owner, because only an owner makes and detaches tables; it reads no row and takes nothing from its caller.
-- This year and the next two are prepared. A year that has been over for seven years and a quarter is detached and called
-- `archived_…`: nobody serves from it any more, and a person writes it out and drops it (docs/operations.md). The quarter is
-- for suggestions that are decided after the end of the year in which they were made.
create function keep_regulated_logs(out made integer, out archived integer)
language plpgsql security definer set search_path = bff_backoffice, pg_temp as $$
declare
  this_year constant integer := extract(year from clock_timestamp() at time zone 'UTC');
  log record;
  year integer;
  name text;
begin
  -- Two at once would wait for each other's tables; and nobody who writes shall wait for either for long.
  perform pg_advisory_xact_lock(hashtext('keep_regulated_logs'));
  set local lock_timeout = '1s';
  made := 0;
  archived := 0;
  for log in
    select * from (values ('ai_decision_log', 'sug_'), ('alert_ack_log', 'ntf_'), ('mutation_audit', 'mau_'),
                          ('lock_action_proxy_audit', 'lap_')) as logs (parent, prefix)
  loop
    for ahead in 0 .. 2 loop
      year := this_year + ahead;
      name := log.parent || '_' || year;
      continue when to_regclass('bff_backoffice.' || name) is not null;
      begin
        execute format(
          'create table %I partition of %I for values from (%L) to (%L)', name, log.parent,
          log.prefix || beginning_of_ulids(make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC')),
          log.prefix || beginning_of_ulids(make_timestamptz(year + 1, 1, 1, 0, 0, 0, 'UTC')));
        -- A partition is a table of its own for whoever names it, and does not inherit its parent's policies then.
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format(
          'create policy %I on %I using (tenant_id = current_setting(''app.tenant_id''))'
          ' with check (tenant_id = current_setting(''app.tenant_id''))', name || '_tenant_isolation', name);
        made := made + 1;
      exception when check_violation then
        -- Rows of this year are in the default partition already; they stay there, and the next year has its own again.
        raise warning '% has rows of % in its default partition', log.parent, year;
      end;
    end loop;
    for name in
      select relname from pg_inherits join pg_class on pg_class.oid = inhrelid
      where inhparent = log.parent::regclass and relname ~ ('^' || log.parent || '_[0-9]{4}$')
        and make_timestamptz(right(relname, 4)::integer + 8, 4, 1, 0, 0, 0, 'UTC') <= clock_timestamp()
    loop
      execute format('alter table %I detach partition %I', log.parent, name);
      execute format('alter table %I rename to %I', name, 'archived_' || name);
      archived := archived + 1;
    end loop;
  end loop;
end
$$;
revoke all on function keep_regulated_logs() from public;
grant execute on function keep_regulated_logs() to bff_worker;

-- What is in no prepared year goes here: nothing that is done may fail to be written down.
create table mutation_audit_other partition of mutation_audit default;
create table lock_action_proxy_audit_other partition of lock_action_proxy_audit default;
select keep_regulated_logs();

do $$
declare
  name text;
begin
  for name in values ('mutation_audit'), ('lock_action_proxy_audit') loop
    -- The owner of a table that does not force its policies on him sees every row of it, for this one statement.
    execute format('alter table %I no force row level security', name || '_before');
    execute format('insert into %I select * from %I', name, name || '_before');
    execute format('drop table %I', name || '_before');
  end loop;
  for name in values ('mutation_audit'), ('mutation_audit_other'), ('lock_action_proxy_audit'), ('lock_action_proxy_audit_other')
  loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format(
      'create policy %I on %I using (tenant_id = current_setting(''app.tenant_id''))'
      ' with check (tenant_id = current_setting(''app.tenant_id''))', name || '_tenant_isolation', name);
  end loop;
end
$$;
-- No row of either is deleted by anybody: a year goes as a whole.
grant select, insert, update on mutation_audit to bff_app;
grant select, insert, update (outcome, upstream_status, completed_at) on lock_action_proxy_audit to bff_app;
grant select on mutation_audit, lock_action_proxy_audit to bff_worker;
create trigger lock_action_proxy_audit_is_kept before update or delete on lock_action_proxy_audit
  for each row execute function keep_lock_audit();
