-- The three roles exist before the first migration (the program makes them, or whoever runs the database):
--   arctiv_owner   owns the schema and runs migrations; sees no tenant row (row-level security is forced)
--   arctiv_app     the web's role: one workspace at a time, never a token
--   arctiv_worker  background work: every workspace, the only reader of account_credentials
--   arctiv_retention  deletes what is past its keeping time, and nothing else

revoke create on schema public from public;
grant usage on schema public to arctiv_app, arctiv_worker, arctiv_retention;

-- Who acts, as the transaction says. Read once per statement: policies call them inside (select …).
create function app_user_id() returns uuid
  language sql stable parallel safe
  as $$ select nullif(current_setting('app.user_id', true), '')::uuid $$;

create function app_workspace_id() returns uuid
  language sql stable parallel safe
  as $$ select nullif(current_setting('app.workspace_id', true), '')::uuid $$;

create function set_updated_at() returns trigger
  language plpgsql
  as $$ begin new.updated_at := greatest(new.updated_at, clock_timestamp()); return new; end $$;

create type workspace_kind as enum ('client', 'manager', 'agency');
create type member_role as enum ('viewer', 'member', 'editor', 'admin');

create table workspaces (
  id uuid constraint workspaces_pkey primary key,
  name text not null constraint workspaces_name_length check (char_length(name) between 1 and 255),
  slug text not null constraint workspaces_slug_key unique
    constraint workspaces_slug_form check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and char_length(slug) <= 60),
  kind workspace_kind not null,
  time_zone text not null default 'UTC',
  undo_seconds smallint not null default 5 constraint workspaces_undo_seconds_range check (undo_seconds between 0 and 60),
  new_accounts_active boolean not null default true,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create trigger workspaces_updated_at before update on workspaces for each row execute function set_updated_at();
