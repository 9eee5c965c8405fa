create type post_visibility as enum ('public', 'private', 'scheduled');
create type post_status as enum ('draft', 'pending_approval', 'approved', 'rejected', 'scheduled', 'publishing',
  'published', 'partly_published', 'failed');

create table posts (
  id uuid constraint posts_pkey primary key,
  workspace_id uuid not null constraint posts_workspace_fkey references workspaces (id) on delete cascade,
  author_id uuid constraint posts_author_fkey references users (id) on delete set null,
  title text constraint posts_title_length check (char_length(title) <= 200),
  visibility post_visibility not null,
  status post_status not null,
  current_version integer not null,
  -- false: all active accounts at the moment of going out; true: those in post_targets
  chosen_accounts boolean not null default false,
  scheduled_at timestamptz,
  scheduled_local timestamp,
  time_zone text,
  -- end of the undo window, or the scheduled moment; null for what stays private
  publishes_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  constraint posts_scheduled_has_time check (visibility <> 'scheduled' or scheduled_at is not null)
);
create index posts_list_idx on posts (workspace_id, created_at desc, id desc) where deleted_at is null;
create index posts_status_idx on posts (workspace_id, status, created_at desc) where deleted_at is null;
create index posts_author_idx on posts (author_id);
create trigger posts_updated_at before update on posts for each row execute function set_updated_at();

create table post_versions (
  id uuid constraint post_versions_pkey primary key,
  workspace_id uuid not null constraint post_versions_workspace_fkey references workspaces (id) on delete cascade,
  post_id uuid not null constraint post_versions_post_fkey references posts (id) on delete cascade,
  number integer not null,
  body text not null constraint post_versions_body_length check (char_length(body) <= 70000),
  link text constraint post_versions_link_length check (char_length(link) <= 2000),
  -- platform → {body}
  overrides jsonb not null default '{}',
  created_by uuid constraint post_versions_created_by_fkey references users (id) on delete set null,
  created_at timestamptz not null,
  constraint post_versions_post_number_key unique (post_id, number)
);
create index post_versions_workspace_idx on post_versions (workspace_id);
create index post_versions_created_by_idx on post_versions (created_by);

create table post_media (
  post_version_id uuid not null constraint post_media_version_fkey references post_versions (id) on delete cascade,
  position smallint not null,
  workspace_id uuid not null constraint post_media_workspace_fkey references workspaces (id) on delete cascade,
  media_id uuid not null constraint post_media_media_fkey references media (id),
  created_at timestamptz not null,
  constraint post_media_pkey primary key (post_version_id, position),
  constraint post_media_once unique (post_version_id, media_id)
);
create index post_media_media_idx on post_media (media_id);
create index post_media_workspace_idx on post_media (workspace_id);

create table post_targets (
  post_id uuid not null constraint post_targets_post_fkey references posts (id) on delete cascade,
  account_id uuid not null constraint post_targets_account_fkey references accounts (id) on delete cascade,
  workspace_id uuid not null constraint post_targets_workspace_fkey references workspaces (id) on delete cascade,
  created_at timestamptz not null,
  constraint post_targets_pkey primary key (post_id, account_id)
);
create index post_targets_account_idx on post_targets (account_id);
create index post_targets_workspace_idx on post_targets (workspace_id);

-- What a client called its request; the same name within 24 hours gives the same answer.
create table idempotency_keys (
  workspace_id uuid not null constraint idempotency_keys_workspace_fkey references workspaces (id) on delete cascade,
  key text not null constraint idempotency_keys_key_length check (char_length(key) between 1 and 255),
  -- SHA-256 of the request, so that a key used for something else is noticed
  request_hash bytea not null,
  post_id uuid not null constraint idempotency_keys_post_fkey references posts (id) on delete cascade,
  created_at timestamptz not null,
  constraint idempotency_keys_pkey primary key (workspace_id, key)
);
create index idempotency_keys_post_idx on idempotency_keys (post_id);
create index idempotency_keys_age_idx on idempotency_keys (created_at);

do $$
declare t text;
begin
  foreach t in array array['posts', 'post_versions', 'post_media', 'post_targets', 'idempotency_keys'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy %I on %I to arctiv_app using (workspace_id = (select app_workspace_id())) with check (workspace_id = (select app_workspace_id()))', t || '_tenant', t);
    execute format('create policy %I on %I to arctiv_worker using (true) with check (true)', t || '_worker', t);
  end loop;
end $$;

grant select, insert, update on posts to arctiv_app;
grant select, insert on post_versions, post_media, idempotency_keys to arctiv_app;
grant select, insert, delete on post_targets to arctiv_app;
grant delete on idempotency_keys to arctiv_app;
grant select on posts, post_versions, post_media, post_targets to arctiv_worker;
grant update (status, updated_at) on posts to arctiv_worker;
create policy idempotency_keys_retention on idempotency_keys to arctiv_retention using (true);
grant select, delete on idempotency_keys to arctiv_retention;
