create table users (
  id uuid constraint users_pkey primary key,
  -- trimmed and lower case: the one form in which emails are compared
  email text not null constraint users_email_key unique constraint users_email_form check (email = lower(btrim(email))),
  password_hash text not null,
  full_name text not null constraint users_full_name_length check (char_length(full_name) between 1 and 100),
  role workspace_kind not null,
  is_active boolean not null default true,
  email_confirmed_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create trigger users_updated_at before update on users for each row execute function set_updated_at();

create table profiles (
  user_id uuid constraint profiles_pkey primary key
    constraint profiles_user_fkey references users (id) on delete cascade,
  headline text,
  bio text,
  specialties text[] not null default '{}',
  availability text,
  agency_name text,
  team_size integer,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create trigger profiles_updated_at before update on profiles for each row execute function set_updated_at();

create table memberships (
  id uuid constraint memberships_pkey primary key,
  workspace_id uuid not null constraint memberships_workspace_fkey references workspaces (id) on delete cascade,
  user_id uuid not null constraint memberships_user_fkey references users (id) on delete cascade,
  role member_role not null,
  disabled_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint memberships_workspace_user_key unique (workspace_id, user_id)
);
create index memberships_user_idx on memberships (user_id, created_at);
create trigger memberships_updated_at before update on memberships for each row execute function set_updated_at();

create table sessions (
  id uuid constraint sessions_pkey primary key,
  user_id uuid not null constraint sessions_user_fkey references users (id) on delete cascade,
  -- the workspace this browser is in
  workspace_id uuid not null constraint sessions_workspace_fkey references workspaces (id) on delete cascade,
  -- SHA-256 of the token's jti; the token itself is nowhere
  token_hash bytea not null constraint sessions_token_hash_key unique constraint sessions_token_hash_length check (octet_length(token_hash) = 32),
  ip inet,
  user_agent text constraint sessions_user_agent_length check (char_length(user_agent) <= 400),
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create index sessions_user_idx on sessions (user_id, last_seen_at desc) where revoked_at is null;
create index sessions_workspace_idx on sessions (workspace_id);

-- Row-level security. Tables of tenants are forced: even the owner sees nothing of them without a policy.
alter table workspaces enable row level security;
alter table workspaces force row level security;
alter table memberships enable row level security;
alter table memberships force row level security;
alter table sessions enable row level security;
alter table sessions force row level security;
alter table users enable row level security;
alter table profiles enable row level security;

create policy workspaces_tenant on workspaces to arctiv_app
  using (id = (select app_workspace_id())) with check (id = (select app_workspace_id()));
create policy memberships_tenant on memberships to arctiv_app
  using (workspace_id = (select app_workspace_id())) with check (workspace_id = (select app_workspace_id()));
create policy sessions_own on sessions to arctiv_app
  using (user_id = (select app_user_id()) and workspace_id = (select app_workspace_id()))
  with check (user_id = (select app_user_id()) and workspace_id = (select app_workspace_id()));
-- Oneself, and the people one works with.
create policy users_known on users for select to arctiv_app
  using (id = (select app_user_id())
         or exists (select from memberships m where m.user_id = users.id and m.workspace_id = (select app_workspace_id())));
create policy users_self_insert on users for insert to arctiv_app with check (id = (select app_user_id()));
create policy users_self_update on users for update to arctiv_app
  using (id = (select app_user_id())) with check (id = (select app_user_id()));
create policy profiles_known on profiles for select to arctiv_app
  using (user_id = (select app_user_id())
         or exists (select from memberships m where m.user_id = profiles.user_id and m.workspace_id = (select app_workspace_id())));
create policy profiles_self on profiles to arctiv_app
  using (user_id = (select app_user_id())) with check (user_id = (select app_user_id()));

create policy workspaces_worker on workspaces to arctiv_worker using (true) with check (true);
create policy memberships_worker on memberships to arctiv_worker using (true) with check (true);
create policy users_worker on users to arctiv_worker using (true) with check (true);
create policy sessions_retention on sessions to arctiv_retention using (true);
-- The functions below run as the owner and look across tenants before one is known.
create policy workspaces_sign_in on workspaces for select to arctiv_owner using (true);
create policy memberships_sign_in on memberships for select to arctiv_owner using (true);
create policy sessions_sign_in on sessions for select to arctiv_owner using (true);

grant select, insert, update on workspaces, memberships, profiles to arctiv_app;
grant select, insert on sessions to arctiv_app;
grant update (last_seen_at, revoked_at, workspace_id) on sessions to arctiv_app;
-- Never the password hash: signing in goes through login_lookup.
grant select (id, email, full_name, role, is_active, email_confirmed_at, created_at, updated_at) on users to arctiv_app;
grant insert on users to arctiv_app;
grant update (full_name, updated_at) on users to arctiv_app;
grant select on workspaces, memberships to arctiv_worker;
grant select (id, email, full_name, role, is_active) on users to arctiv_worker;
grant select, delete on sessions to arctiv_retention;

-- What signing in needs to know of an email, before anybody is signed in.
create function login_lookup(wanted text)
  returns table (user_id uuid, password_hash text, is_active boolean, workspace_id uuid)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select u.id, u.password_hash, u.is_active,
           (select m.workspace_id from memberships m
             where m.user_id = u.id and m.disabled_at is null order by m.created_at limit 1)
      from users u where u.email = wanted
  $$;

-- Replaces a hash made with weaker parameters, right after its password was proven.
create function replace_password_hash(of_user uuid, old_hash text, new_hash text) returns boolean
  language sql volatile security definer set search_path = pg_catalog, public
  as $$
    with done as (update users set password_hash = new_hash where id = of_user and password_hash = old_hash returning 1)
    select exists (select from done)
  $$;

-- The living session behind a token, with all that an actor needs: one round trip per request.
create function session_lookup(hash bytea, at timestamptz)
  returns table (session_id uuid, user_id uuid, workspace_id uuid, kind workspace_kind, role member_role,
                 last_seen_at timestamptz, expires_at timestamptz)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select s.id, s.user_id, s.workspace_id, w.kind, m.role, s.last_seen_at, s.expires_at
      from sessions s
      join users u on u.id = s.user_id and u.is_active
      join memberships m on m.user_id = s.user_id and m.workspace_id = s.workspace_id and m.disabled_at is null
      join workspaces w on w.id = s.workspace_id
     where s.token_hash = hash and s.revoked_at is null and s.expires_at > at
  $$;

revoke execute on function login_lookup(text), replace_password_hash(uuid, text, text), session_lookup(bytea, timestamptz) from public;
grant execute on function login_lookup(text), replace_password_hash(uuid, text, text), session_lookup(bytea, timestamptz) to arctiv_app;
