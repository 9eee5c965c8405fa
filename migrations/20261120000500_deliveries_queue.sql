create type delivery_status as enum ('pending', 'publishing', 'retried', 'success', 'failed', 'canceled');
create type delivery_stage as enum ('staging', 'waiting', 'committing', 'outcome_unknown', 'done');
create type error_class as enum ('auth_expired', 'auth_revoked', 'permission', 'validation', 'duplicate', 'rate_limited',
  'quota_daily', 'media_processing', 'media_invalid', 'policy', 'billing', 'transient', 'outcome_unknown', 'operator');

-- The one queue written by hand, because its rows are the product.
create table deliveries (
  id uuid constraint deliveries_pkey primary key,
  workspace_id uuid not null constraint deliveries_workspace_fkey references workspaces (id) on delete cascade,
  post_id uuid not null constraint deliveries_post_fkey references posts (id) on delete cascade,
  post_version_id uuid not null constraint deliveries_post_version_fkey references post_versions (id) on delete cascade,
  account_id uuid not null constraint deliveries_account_fkey references accounts (id) on delete cascade,
  platform platform not null,
  -- post version + account: a version reaches an account at most once
  idempotency_key text not null constraint deliveries_idempotency_key_key unique,
  status delivery_status not null default 'pending',
  stage delivery_stage not null default 'staging',
  attempts integer not null default 0,
  -- when it is due next; null once final
  next_attempt_at timestamptz,
  -- when it first became due: bounds waiting for quotas
  due_at timestamptz not null,
  lease_owner uuid,
  lease_until timestamptz,
  -- what the adapter has staged so far: container and media ids, upload parts
  remote_state jsonb not null default '{}',
  -- set before the one public call is made, in a transaction of its own
  commit_started_at timestamptz,
  -- how often the platform has been asked what became of an unclear call
  reconciliations integer not null default 0,
  -- the token version that was refreshed on the platform's 401: once per version
  refreshed_version bigint,
  last_error text,
  error_class error_class,
  -- only a person can tell whether it went out
  needs_person boolean not null default false,
  external_post_id text,
  external_url text,
  published_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint deliveries_lease_is_whole check ((lease_owner is null) = (lease_until is null)),
  constraint deliveries_leased_while_publishing check ((status = 'publishing') = (lease_owner is not null)),
  constraint deliveries_final_is_not_due check (status in ('pending', 'retried') or next_attempt_at is null),
  constraint deliveries_success_has_moment check (status <> 'success' or published_at is not null)
);
-- What a worker looks for: due rows in order, and leases that ran out.
create index deliveries_due_idx on deliveries (next_attempt_at, id) where status in ('pending', 'retried');
-- Claiming goes through the workspaces in turn, so that one with many due rows does not hold up another.
create index deliveries_due_by_workspace_idx on deliveries (workspace_id, next_attempt_at, id) where status in ('pending', 'retried');
create index deliveries_lease_idx on deliveries (lease_until) where status = 'publishing';
create index deliveries_account_open_idx on deliveries (account_id, status) where status in ('pending', 'retried', 'publishing');
create index deliveries_list_idx on deliveries (workspace_id, created_at desc, id desc);
create index deliveries_status_idx on deliveries (workspace_id, status, created_at desc);
create index deliveries_post_idx on deliveries (post_id, account_id);
create index deliveries_post_version_idx on deliveries (post_version_id);
create index deliveries_account_idx on deliveries (account_id, created_at desc);
create trigger deliveries_updated_at before update on deliveries for each row execute function set_updated_at();

create table delivery_attempts (
  id uuid constraint delivery_attempts_pkey primary key,
  workspace_id uuid not null constraint delivery_attempts_workspace_fkey references workspaces (id) on delete cascade,
  delivery_id uuid not null constraint delivery_attempts_delivery_fkey references deliveries (id) on delete cascade,
  number integer not null,
  stage delivery_stage not null,
  -- 'success', 'waiting', or an error class
  outcome text not null,
  message text,
  http_status smallint,
  platform_code text,
  -- requests and answers, tokens masked
  trace jsonb not null default '[]',
  worker uuid not null,
  started_at timestamptz not null,
  duration_ms integer not null,
  created_at timestamptz not null
);
create index delivery_attempts_delivery_idx on delivery_attempts (delivery_id, started_at, id);
create index delivery_attempts_workspace_idx on delivery_attempts (workspace_id);

do $$
declare t text;
begin
  foreach t in array array['deliveries', 'delivery_attempts'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy %I on %I to arctiv_app using (workspace_id = (select app_workspace_id())) with check (workspace_id = (select app_workspace_id()))', t || '_tenant', t);
    execute format('create policy %I on %I to arctiv_worker using (true) with check (true)', t || '_worker', t);
  end loop;
end $$;

-- The web may cancel, and let a failed one start over; leases and what was sent are the worker's.
grant select on deliveries, delivery_attempts to arctiv_app;
grant update (status, stage, attempts, next_attempt_at, due_at, remote_state, commit_started_at, reconciliations, refreshed_version,
              last_error, error_class, needs_person, external_post_id, external_url, published_at, updated_at) on deliveries to arctiv_app;
grant select, insert, update on deliveries to arctiv_worker;
grant select, insert on delivery_attempts to arctiv_worker;

-- Wakes the workers; they look by themselves too, should a notice be lost.
create function deliveries_wake() returns trigger
  language plpgsql
  as $$ begin perform pg_notify('arctiv_deliveries', ''); return null; end $$;
create trigger deliveries_wake_insert after insert on deliveries for each statement execute function deliveries_wake();
create trigger deliveries_wake_retry after update of next_attempt_at on deliveries for each row
  when (new.next_attempt_at is not null and old.status in ('failed', 'canceled')) execute function deliveries_wake();
