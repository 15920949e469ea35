set search_path to bff_backoffice;

-- A mutation's idempotency key (contract, section 5). One row a key, in the scope tenant, device, method and concrete path.
-- The row is claimed by one owner at a time: `fence` counts the owners, `lease_until` is when the present one counts as dead.
-- `claimed_at` is the first claim, which comes just before the first dispatch. `status` is there once the answer is final;
-- `answer` is that answer, encrypted for its tenant. Every moment is Postgres's own: replicas need no common clock.
create table idempotency (
  tenant_id     text        not null,
  device_id     text        not null,
  method        text        not null,
  path          text        not null,
  key           text        not null,
  request_hash  bytea       not null,
  property_id   text        not null,
  fence         bigint      not null default 1,
  claimed_at    timestamptz not null default clock_timestamp(),
  lease_until   timestamptz not null,
  touched_at    timestamptz not null default clock_timestamp(),
  status        smallint,
  answer        bytea,
  primary key (tenant_id, device_id, method, path, key),
  check ((status is null) = (answer is null))
);
create index idempotency_age on idempotency (tenant_id, touched_at);
alter table idempotency enable row level security;
alter table idempotency force row level security;
create policy idempotency_tenant_isolation on idempotency
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
grant select, insert, update on idempotency to bff_app;
grant select, delete on idempotency to bff_worker;

-- Who did what, where, under which key: one row for each time that an upstream is called to change something, written before
-- the call and completed after it. A row that was never completed belongs to a call that nobody lived to see the end of.
create table mutation_audit (
  tenant_id       text        not null,
  id              text        not null,
  operator_id     text        not null,
  device_id       text        not null,
  session_id      text        not null,
  property_id     text        not null,
  roles           text        not null,
  request_id      text        not null,
  action          text        not null,
  resource_id     text,
  method          text        not null,
  path            text        not null,
  idempotency_key text        not null,
  fence           bigint      not null,
  attestation_id  text,
  app_version     text,
  started_at      timestamptz not null default clock_timestamp(),
  outcome         text,
  upstream_status smallint,
  completed_at    timestamptz,
  primary key (tenant_id, id)
);
create index mutation_audit_age on mutation_audit (tenant_id, started_at);
alter table mutation_audit enable row level security;
alter table mutation_audit force row level security;
create policy mutation_audit_tenant_isolation on mutation_audit
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
grant select, insert, update on mutation_audit to bff_app;
grant select, delete on mutation_audit to bff_worker;

-- The same for the keys of doors (LockActionProxyAudit, platform's data model): regulated, kept seven years, append-only.
create table lock_action_proxy_audit (
  tenant_id       text        not null,
  id              text        not null,
  operator_id     text        not null,
  device_id       text        not null,
  session_id      text        not null,
  property_id     text        not null,
  roles           text        not null,
  request_id      text        not null,
  action          text        not null,
  resource_id     text,
  method          text        not null,
  path            text        not null,
  idempotency_key text        not null,
  fence           bigint      not null,
  attestation_id  text,
  app_version     text,
  started_at      timestamptz not null default clock_timestamp(),
  outcome         text,
  upstream_status smallint,
  completed_at    timestamptz,
  primary key (tenant_id, id)
);
create index lock_action_proxy_audit_age on lock_action_proxy_audit (tenant_id, started_at);
alter table lock_action_proxy_audit enable row level security;
alter table lock_action_proxy_audit force row level security;
create policy lock_action_proxy_audit_tenant_isolation on lock_action_proxy_audit
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
-- What a row says of the act is never changed; its end is written once.
grant select, insert, update (outcome, upstream_status, completed_at) on lock_action_proxy_audit to bff_app;
grant select, delete on lock_action_proxy_audit to bff_worker;

-- Whoever asks, the owner included: a complete row stays as it is, and stays for seven years.
create function keep_lock_audit() returns trigger language plpgsql as $$
begin
  if old.completed_at is null then
    return coalesce(new, old);
  end if;
  if tg_op = 'DELETE' and old.started_at < clock_timestamp() - interval '7 years' then
    return old;
  end if;
  raise exception 'a complete row of the lock audit is kept as it is' using errcode = 'restrict_violation';
end
$$;
create trigger lock_action_proxy_audit_is_kept before update or delete on lock_action_proxy_audit
  for each row execute function keep_lock_audit();

-- Proofs of a second factor (MfaAttestation), each for one act of one operator on one device key. Consumed by one
-- idempotency key: `consumed_by` is the hash of its scope.
create table mfa_attestations (
  tenant_id      text        not null,
  id             text        not null,
  operator_id    text        not null,
  device_id      text        not null,
  key_thumbprint text        not null,
  action         text        not null,
  resource_id    text        not null,
  amount         text        not null default '',
  factor         text        not null,
  attested_at    timestamptz not null default clock_timestamp(),
  expires_at     timestamptz not null,
  consumed_by    bytea,
  consumed_at    timestamptz,
  primary key (tenant_id, id)
);
create index mfa_attestations_age on mfa_attestations (tenant_id, expires_at);
alter table mfa_attestations enable row level security;
alter table mfa_attestations force row level security;
create policy mfa_attestations_tenant_isolation on mfa_attestations
  using (tenant_id = current_setting('app.tenant_id'))
  with check (tenant_id = current_setting('app.tenant_id'));
grant select, insert, update (consumed_by, consumed_at) on mfa_attestations to bff_app;
grant select, delete on mfa_attestations to bff_worker;
