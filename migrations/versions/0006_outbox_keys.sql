set search_path to bff_backoffice;

-- What is told in order is told by key: a device's telemetry, or the one thing that a message is about. `position` is the
-- order within a key. A writer that knows nothing of keys yet has its messages ordered by what they are about.
-- Nobody sees across tenants, the owner neither: for the length of this migration, which is one transaction, it does.
alter table outbox no force row level security;
alter table outbox_tenants no force row level security;
create sequence outbox_positions;
alter table outbox add column ordering_key text;
alter table outbox add column position bigint;
update outbox set ordering_key = about;
update outbox set position = numbered.position
from (select tenant_id, id, row_number() over (order by created_at, id) as position from outbox) as numbered
where outbox.tenant_id = numbered.tenant_id and outbox.id = numbered.id;
select setval('outbox_positions', coalesce(max(position), 0) + 1, false) from outbox;
alter table outbox alter column ordering_key set not null;
alter table outbox alter column ordering_key set default '';
alter table outbox alter column position set not null;
alter table outbox alter column position set default 0;
-- When a message may be told next is its key's business now.
drop index outbox_due;
alter table outbox drop column next_at;
create index outbox_waiting on outbox (tenant_id, kind, ordering_key, position) where parked_at is null;
comment on column outbox.position is 'the order within kind and ordering_key, drawn under that key''s lock';
grant usage on sequence outbox_positions to bff_app, bff_worker;
grant update (attempts, parked_at, last_error) on outbox to bff_worker;
-- The worker ends sessions, which is told too.
grant insert on outbox, outbox_tenants to bff_worker;

-- Which keys have something to tell, of all tenants: one list that whoever tells looks at, because nobody sees across
-- tenants. It belongs to the platform, `*`, as the list of tenants does, and holds names and times and nothing of a message.
-- A dispatcher takes a key by moving `due_at` ahead, so that a dead one is no loss; the row goes when nothing waits.
create table outbox_keys (
  tenant_id    text        not null,
  named        text        not null,
  kind         text        not null,
  ordering_key text        not null,
  due_at       timestamptz not null default clock_timestamp(),
  owner        text,
  primary key (tenant_id, named, kind, ordering_key)
);
create index outbox_keys_due on outbox_keys (tenant_id, due_at);
create policy outbox_keys_tenant_isolation on outbox_keys
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
grant select, insert on outbox_keys to bff_app;
grant select, insert, delete, update (due_at, owner) on outbox_keys to bff_worker;

create function outbox_lock(tenant_id text, kind text, ordering_key text) returns bigint
language sql immutable return hashtextextended(tenant_id || ' ' || kind || ' ' || ordering_key, 0);

-- Runs with the rights of whoever writes the message, and in its transaction. The lock is held until that ends, so within a
-- key the order of positions is the order of commits: whoever sees a message sees all that come before it.
create function enqueue_in_outbox() returns trigger language plpgsql set search_path = bff_backoffice, pg_temp as $$
declare
  scope constant text := current_setting('app.tenant_id');
begin
  if new.ordering_key = '' then
    new.ordering_key := new.about;
  end if;
  perform pg_advisory_xact_lock(outbox_lock(new.tenant_id, new.kind, new.ordering_key));
  new.position := nextval('outbox_positions');
  perform set_config('app.tenant_id', '*', true);
  insert into outbox_keys (tenant_id, named, kind, ordering_key)
  values ('*', new.tenant_id, new.kind, new.ordering_key) on conflict do nothing;
  if found then
    insert into outbox_tenants (tenant_id, named) values ('*', new.tenant_id) on conflict do nothing;
  end if;
  -- The writer's own tenant again, and not the row's: whether this row may be written is judged after this.
  perform set_config('app.tenant_id', scope, true);
  return new;
end
$$;
drop trigger outbox_names_its_tenant on outbox;
create trigger outbox_enqueues before insert on outbox for each row execute function enqueue_in_outbox();

-- Runs with the rights of the worker, in its transaction of this tenant. A key that has nothing left goes from the list, and
-- only under its lock: a writer that found it there and has not committed yet would be forgotten. Where such a writer is
-- under way, or something waits, the key is due again after its pause.
create function release_outbox_keys(of_tenant text, by_owner text, kinds text[], keys text[], pauses interval[])
returns void language plpgsql set search_path = bff_backoffice, pg_temp as $$
declare
  empty boolean[] := array[]::boolean[];
begin
  for n in 1 .. cardinality(keys) loop
    empty[n] := pg_try_advisory_xact_lock(outbox_lock(of_tenant, kinds[n], keys[n]));
    if empty[n] then
      -- A statement of its own, which sees what was committed before the lock was free.
      empty[n] := not exists (
        select from outbox
        where tenant_id = of_tenant and kind = kinds[n] and ordering_key = keys[n] and parked_at is null);
    end if;
  end loop;
  perform set_config('app.tenant_id', '*', true);
  delete from outbox_keys
  using unnest(kinds, keys, empty) as done(kind, key, empty)
  where outbox_keys.tenant_id = '*' and outbox_keys.named = of_tenant and outbox_keys.kind = done.kind
    and outbox_keys.ordering_key = done.key and done.empty;
  update outbox_keys set due_at = clock_timestamp() + done.pause, owner = null
  from unnest(kinds, keys, pauses, empty) as done(kind, key, pause, empty)
  where outbox_keys.tenant_id = '*' and outbox_keys.named = of_tenant and outbox_keys.kind = done.kind
    and outbox_keys.ordering_key = done.key and not done.empty and outbox_keys.owner = by_owner;
  perform set_config('app.tenant_id', of_tenant, true);
end
$$;

-- What waits, of all tenants in one round trip; runs with the rights of the worker, one tenant at a time.
create function outbox_backlog(out depth bigint, out lag_seconds double precision, out parked bigint)
language plpgsql set search_path = bff_backoffice, pg_temp as $$
declare
  tenants text[];
  tenant text;
  there record;
begin
  depth := 0;
  lag_seconds := 0;
  parked := 0;
  perform set_config('app.tenant_id', '*', true);
  -- All names before the first tenant is set: a query that goes on meanwhile would see no more of them.
  select coalesce(array_agg(named), '{}') into tenants from outbox_tenants where tenant_id = '*';
  foreach tenant in array tenants loop
    perform set_config('app.tenant_id', tenant, true);
    select count(*) filter (where parked_at is null) as depth, count(parked_at) as parked,
      coalesce(extract(epoch from clock_timestamp() - min(created_at) filter (where parked_at is null)), 0) as lag
    into there from outbox where tenant_id = tenant;
    depth := depth + there.depth;
    parked := parked + there.parked;
    lag_seconds := greatest(lag_seconds, there.lag);
  end loop;
  perform set_config('app.tenant_id', '*', true);
end
$$;

-- What waits already is on the list from the beginning.
insert into outbox_keys (tenant_id, named, kind, ordering_key)
select distinct '*', tenant_id, kind, ordering_key from outbox where parked_at is null;
alter table outbox_keys enable row level security;
alter table outbox_keys force row level security;
alter table outbox force row level security;
alter table outbox_tenants force row level security;
