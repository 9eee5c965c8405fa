create type platform as enum ('facebook', 'instagram', 'twitter', 'linkedin', 'tiktok',
  'facebook_ads', 'google_ads', 'google_analytics', 'linkedin_ads', 'tiktok_ads');
create type account_status as enum ('connected', 'reconnect_required', 'failed', 'disconnected');
create type connection_event_type as enum ('authorization_initiated', 'authorization_success', 'authorization_failed',
  'token_refreshed', 'token_expired', 'revocation_detected', 'reconnection_prompted', 'disconnected');

create table accounts (
  id uuid constraint accounts_pkey primary key,
  workspace_id uuid not null constraint accounts_workspace_fkey references workspaces (id) on delete cascade,
  platform platform not null,
  -- what the adapter needs to know of it, such as 'page', 'member', 'organization'
  external_kind text not null default '',
  external_account_id text not null constraint accounts_external_id_length check (char_length(external_account_id) between 1 and 255),
  display_name text not null,
  handle text,
  avatar_url text,
  status account_status not null default 'connected',
  status_reason text,
  is_active boolean not null default true,
  scopes text[] not null default '{}',
  missing_scopes text[] not null default '{}',
  token_expires_at timestamptz,
  last_synced_at timestamptz,
  connected_by uuid constraint accounts_connected_by_fkey references users (id) on delete set null,
  connected_at timestamptz not null,
  disconnected_at timestamptz,
  -- the platform said stop: nothing is sent before this moment (rate limits of the account)
  paused_until timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint accounts_workspace_external_key unique (workspace_id, platform, external_account_id)
);
-- An account belongs to one workspace at a time.
create unique index accounts_connected_once on accounts (platform, external_account_id) where status <> 'disconnected';
create index accounts_list_idx on accounts (workspace_id, lower(display_name), id) where status <> 'disconnected';
create index accounts_status_idx on accounts (workspace_id, status);
create index accounts_connected_by_idx on accounts (connected_by);
create trigger accounts_updated_at before update on accounts for each row execute function set_updated_at();

-- Sealed by the vault; associated data binds each value to this table, this row and its column.
create table account_credentials (
  account_id uuid constraint account_credentials_pkey primary key
    constraint account_credentials_account_fkey references accounts (id) on delete cascade,
  workspace_id uuid not null constraint account_credentials_workspace_fkey references workspaces (id) on delete cascade,
  access_token_sealed bytea not null,
  refresh_token_sealed bytea,
  -- what else the platform gave that is secret, such as the user's token behind a page's
  extra_sealed bytea,
  -- grows with every new pair; a refresh writes only over the version it began with
  token_version bigint not null default 1,
  obtained_at timestamptz not null,
  expires_at timestamptz,
  refresh_expires_at timestamptz,
  -- single flight: whoever holds the lease refreshes. The start mark outlives a process that died in between.
  refresh_lease_owner uuid,
  refresh_lease_until timestamptz,
  refresh_started_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index account_credentials_workspace_idx on account_credentials (workspace_id);
create index account_credentials_expiry_idx on account_credentials (expires_at) where expires_at is not null;
create trigger account_credentials_updated_at before update on account_credentials for each row execute function set_updated_at();

create table oauth_states (
  id uuid constraint oauth_states_pkey primary key,
  workspace_id uuid not null constraint oauth_states_workspace_fkey references workspaces (id) on delete cascade,
  user_id uuid not null constraint oauth_states_user_fkey references users (id) on delete cascade,
  session_id uuid not null constraint oauth_states_session_fkey references sessions (id) on delete cascade,
  platform platform not null,
  state_hash bytea not null constraint oauth_states_state_hash_key unique,
  redirect_uri text not null,
  account_id uuid constraint oauth_states_account_fkey references accounts (id) on delete cascade,
  return_to text not null,
  scopes text[] not null,
  expires_at timestamptz not null,
  consumed_at timestamptz,
  created_at timestamptz not null
);
create index oauth_states_workspace_idx on oauth_states (workspace_id);
create index oauth_states_user_idx on oauth_states (user_id);
create index oauth_states_session_idx on oauth_states (session_id);
create index oauth_states_account_idx on oauth_states (account_id);
create index oauth_states_expiry_idx on oauth_states (expires_at);

create table connection_events (
  id uuid constraint connection_events_pkey primary key,
  workspace_id uuid not null constraint connection_events_workspace_fkey references workspaces (id) on delete cascade,
  account_id uuid constraint connection_events_account_fkey references accounts (id) on delete set null,
  platform platform not null,
  event_type connection_event_type not null,
  message text,
  status_code smallint,
  user_id uuid constraint connection_events_user_fkey references users (id) on delete set null,
  created_at timestamptz not null
);
create index connection_events_account_idx on connection_events (account_id, created_at desc, id desc);
create index connection_events_workspace_idx on connection_events (workspace_id, created_at desc, id desc);
create index connection_events_user_idx on connection_events (user_id);

alter table accounts enable row level security;
alter table accounts force row level security;
alter table account_credentials enable row level security;
alter table account_credentials force row level security;
alter table oauth_states enable row level security;
alter table oauth_states force row level security;
alter table connection_events enable row level security;
alter table connection_events force row level security;

create policy accounts_tenant on accounts to arctiv_app
  using (workspace_id = (select app_workspace_id())) with check (workspace_id = (select app_workspace_id()));
create policy account_credentials_tenant on account_credentials to arctiv_app
  using (workspace_id = (select app_workspace_id())) with check (workspace_id = (select app_workspace_id()));
create policy oauth_states_own on oauth_states to arctiv_app
  using (workspace_id = (select app_workspace_id()) and user_id = (select app_user_id()))
  with check (workspace_id = (select app_workspace_id()) and user_id = (select app_user_id()));
create policy connection_events_tenant on connection_events to arctiv_app
  using (workspace_id = (select app_workspace_id())) with check (workspace_id = (select app_workspace_id()));
create policy accounts_worker on accounts to arctiv_worker using (true) with check (true);
create policy account_credentials_worker on account_credentials to arctiv_worker using (true) with check (true);
create policy connection_events_worker on connection_events to arctiv_worker using (true) with check (true);
create policy oauth_states_retention on oauth_states to arctiv_retention using (true);
create policy connection_events_retention on connection_events to arctiv_retention using (true);

grant select, insert, update on accounts to arctiv_app, arctiv_worker;
-- The web puts tokens in and wipes them; it never reads one.
grant insert, delete on account_credentials to arctiv_app;
grant select (account_id, workspace_id, token_version, expires_at) on account_credentials to arctiv_app;
grant update (access_token_sealed, refresh_token_sealed, extra_sealed, token_version, obtained_at, expires_at, refresh_expires_at,
              refresh_lease_owner, refresh_lease_until, refresh_started_at, updated_at) on account_credentials to arctiv_app;
grant select, insert, update, delete on account_credentials to arctiv_worker;
grant select, insert on oauth_states to arctiv_app;
grant update (consumed_at) on oauth_states to arctiv_app;
grant select, insert on connection_events to arctiv_app, arctiv_worker;
grant select, delete on oauth_states, connection_events to arctiv_retention;
