-- What staff decided about suggestions and which alerts they acknowledged: written once, kept for seven years, never
-- changed (specification section 4: the ack logs of AISuggestionInbox and AlertInbox; names of the platform's DATA_MODEL).
set search_path to bff_backoffice;

-- "Written once" is the primary key. A unique key of a partitioned table must hold what it is partitioned by, so the logs
-- are partitioned by the identifier itself: `sug_` and `ntf_` are followed by a ULID, which begins with the time when the
-- suggestion was made or the alert was raised, and in the collation "C" texts are in the order of these times.
create table ai_decision_log (
  tenant_id     text        not null,
  suggestion_id text        collate "C" not null,
  id            text        not null,
  property_id   text        not null,
  decision      text        not null check (decision in ('accept', 'modify', 'reject')),
  reason        text        check (length(reason) <= 1000),
  delta         json        check (json_typeof(delta) = 'object'),
  operator_id   text        not null,
  device_id     text        not null,
  decided_at    timestamptz not null,
  recorded_at   timestamptz not null default now(),
  primary key (tenant_id, suggestion_id),
  check (decision <> 'modify' or delta is not null)
) partition by range (suggestion_id);
comment on column ai_decision_log.id is 'sdl_ and a ULID: the identifier of this decision';
comment on column ai_decision_log.delta is 'what the operator changed, member for member as it was sent; always there where the decision is "modify"';
comment on column ai_decision_log.decided_at is 'when the operator decided, which may be long before a device that was offline says so';
comment on column ai_decision_log.recorded_at is 'when this service wrote it down';

create table alert_ack_log (
  tenant_id       text        not null,
  alert_id        text        collate "C" not null,
  id              text        not null,
  property_id     text        not null,
  note            text        check (length(note) <= 1000),
  operator_id     text        not null,
  device_id       text        not null,
  acknowledged_at timestamptz not null,
  recorded_at     timestamptz not null default now(),
  primary key (tenant_id, alert_id)
) partition by range (alert_id);
comment on column alert_ack_log.id is 'ali_ and a ULID: the identifier of this acknowledgement';
comment on column alert_ack_log.acknowledged_at is 'when the operator acknowledged it, by the device''s own time';

-- A year each. Beginnings are the first ten letters of a ULID of midnight, 1 January, UTC. What is older, or later than
-- the last year that was prepared, or no ULID at all, is in the default partition.
do $$
declare
  beginnings constant text[] := array[
    '01KDVDNA00', '01MB78QN00', '01N8K3T000', '01P61H9200', '01Q3DCBD00', '01R0S7DR00', '01RY52G300', '01SVKFZ500'];
  log record;
  partition text;
begin
  for log in select * from (values ('ai_decision_log', 'sug_'), ('alert_ack_log', 'ntf_')) as logs (name, prefix) loop
    for number in 1 .. array_length(beginnings, 1) - 1 loop
      execute format(
        'create table %I partition of %I for values from (%L) to (%L)',
        log.name || '_' || (2025 + number), log.name, log.prefix || beginnings[number], log.prefix || beginnings[number + 1]);
    end loop;
    execute format('create table %I partition of %I default', log.name || '_other', log.name);
    -- A partition is a table of its own for whoever names it, and does not inherit its parent's policies then.
    for partition in
      select log.name union all
      select inhrelid::regclass::text from pg_inherits where inhparent = log.name::regclass
    loop
      execute format('alter table %I enable row level security', partition);
      execute format('alter table %I force row level security', partition);
      execute format(
        'create policy %I on %I using (tenant_id = current_setting(''app.tenant_id''))'
        ' with check (tenant_id = current_setting(''app.tenant_id''))',
        partition || '_tenant_isolation', partition);
    end loop;
    -- Nobody who serves requests changes or deletes a line, nor goes around the parent to a partition.
    execute format('grant select, insert on %I to bff_app', log.name);
    execute format('grant select on %I to bff_worker', log.name);
  end loop;
end
$$;
