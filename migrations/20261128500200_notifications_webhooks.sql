-- Addresses of programs that are told what happens in a workspace.
create table webhooks (
  id uuid constraint webhooks_pkey primary key,
  workspace_id uuid not null constraint webhooks_workspace_fkey references workspaces (id) on delete cascade,
  created_by uuid constraint webhooks_maker_fkey references users (id) on delete set null,
  url text not null constraint webhooks_url_length check (char_length(url) between 8 and 2000),
  description text not null constraint webhooks_description_length check (char_length(description) <= 200),
  -- words of domain::notifications::WebhookEvent
  events text[] not null constraint webhooks_events_some check (cardinality(events) between 1 and 50),
  -- since when every attempt has failed; null when the last one arrived
  failing_since timestamptz,
  disabled_at timestamptz,
  -- 'person', 'gone' (410), 'failing'
  off_because text constraint webhooks_off_known check (off_because in ('person', 'gone', 'failing')),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint webhooks_off_has_reason check ((disabled_at is null) = (off_because is null))
);
create index webhooks_list_idx on webhooks (workspace_id, created_at desc);
create index webhooks_maker_idx on webhooks (created_by);
create trigger webhooks_updated_at before update on webhooks for each row execute function set_updated_at();

-- What requests are signed with: one secret without an end, and for a while the one before. Sealed by the vault; the row's id is bound
-- to the value.
create table webhook_secrets (
  id uuid constraint webhook_secrets_pkey primary key,
  webhook_id uuid not null constraint webhook_secrets_webhook_fkey references webhooks (id) on delete cascade,
  workspace_id uuid not null constraint webhook_secrets_workspace_fkey references workspaces (id) on delete cascade,
  sealed bytea not null,
  created_at timestamptz not null,
  expires_at timestamptz
);
create unique index webhook_secrets_present_key on webhook_secrets (webhook_id) where expires_at is null;
create index webhook_secrets_webhook_idx on webhook_secrets (webhook_id);
create index webhook_secrets_workspace_idx on webhook_secrets (workspace_id);
create index webhook_secrets_expiry_idx on webhook_secrets (expires_at) where expires_at is not null;

create type webhook_delivery_status as enum ('waiting', 'delivered', 'failed');

-- One event for one webhook. The body is kept as it is sent: every attempt sends the same bytes under the same id, by which a
-- receiver knows it again.
create table webhook_deliveries (
  id uuid constraint webhook_deliveries_pkey primary key,
  webhook_id uuid not null constraint webhook_deliveries_webhook_fkey references webhooks (id) on delete cascade,
  workspace_id uuid not null constraint webhook_deliveries_workspace_fkey references workspaces (id) on delete cascade,
  event text not null constraint webhook_deliveries_event_length check (char_length(event) <= 60),
  body text not null constraint webhook_deliveries_body_length check (octet_length(body) <= 262144),
  status webhook_delivery_status not null default 'waiting',
  attempts smallint not null default 0 constraint webhook_deliveries_attempts_range check (attempts between 0 and 100),
  -- while an attempt runs, when it counts as lost
  next_attempt_at timestamptz,
  tried_at timestamptz,
  response_status smallint,
  error text constraint webhook_deliveries_error_length check (char_length(error) <= 500),
  took_ms integer,
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint webhook_deliveries_finished check ((status = 'waiting') = (finished_at is null)),
  constraint webhook_deliveries_due check ((status = 'waiting') = (next_attempt_at is not null))
);
create index webhook_deliveries_due_idx on webhook_deliveries (webhook_id, next_attempt_at, id) where status = 'waiting';
create index webhook_deliveries_list_idx on webhook_deliveries (webhook_id, created_at desc, id desc);
create index webhook_deliveries_workspace_idx on webhook_deliveries (workspace_id);
create index webhook_deliveries_age_idx on webhook_deliveries (created_at);

do $$
declare t text;
begin
  foreach t in array array['webhooks', 'webhook_secrets', 'webhook_deliveries'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy %I on %I to arctiv_app using (workspace_id = (select app_workspace_id())) with check (workspace_id = (select app_workspace_id()))', t || '_tenant', t);
    execute format('create policy %I on %I to arctiv_worker using (true) with check (true)', t || '_worker', t);
  end loop;
end $$;
create policy webhook_secrets_retention on webhook_secrets to arctiv_retention using (expires_at is not null);
create policy webhook_deliveries_retention on webhook_deliveries to arctiv_retention using (status <> 'waiting');

grant select, insert, delete on webhooks to arctiv_app;
grant update (url, description, events, failing_since, disabled_at, off_because, updated_at) on webhooks to arctiv_app;
-- The web puts secrets in and never reads one.
grant insert on webhook_secrets to arctiv_app;
grant select (id, webhook_id, workspace_id, created_at, expires_at) on webhook_secrets to arctiv_app;
grant update (expires_at) on webhook_secrets to arctiv_app;
grant select, insert on webhook_deliveries to arctiv_app;
grant update (status, attempts, next_attempt_at, error, finished_at) on webhook_deliveries to arctiv_app;

grant select on webhooks to arctiv_worker;
grant update (failing_since, disabled_at, off_because, updated_at) on webhooks to arctiv_worker;
grant select on webhook_secrets to arctiv_worker;
grant update (sealed) on webhook_secrets to arctiv_worker;
grant select, insert on webhook_deliveries to arctiv_worker;
grant update (status, attempts, next_attempt_at, tried_at, response_status, error, took_ms, finished_at) on webhook_deliveries to arctiv_worker;
grant select, delete on webhook_secrets, webhook_deliveries to arctiv_retention;
