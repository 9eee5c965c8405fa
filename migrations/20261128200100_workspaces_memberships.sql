-- Several workspaces for one person: which they are, and taking a browser's session from one to another.

-- Those of whoever acts, by name.
create function own_workspaces()
  returns table (workspace_id uuid, name text, slug text, kind workspace_kind, role member_role)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select w.id, w.name, w.slug, w.kind, m.role
      from memberships m join workspaces w on w.id = m.workspace_id
     where m.user_id = app_user_id() and m.disabled_at is null
     order by lower(w.name), w.id
  $$;

-- Takes a living session of whoever acts to another of their workspaces; whether it went.
create function move_own_session(wanted uuid, target uuid) returns boolean
  language sql volatile security definer set search_path = pg_catalog, public
  as $$
    with moved as (
      update sessions s set workspace_id = move_own_session.target
       where s.id = move_own_session.wanted and s.user_id = app_user_id() and s.revoked_at is null
         and exists (select from memberships m where m.user_id = s.user_id and m.workspace_id = move_own_session.target
                        and m.disabled_at is null)
      returning 1)
    select exists (select from moved)
  $$;

-- Where somebody was last, of the workspaces they may come into: they come back there.
create function last_workspace(of_user uuid) returns uuid
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select s.workspace_id
      from sessions s join memberships m on m.user_id = s.user_id and m.workspace_id = s.workspace_id and m.disabled_at is null
     where s.user_id = last_workspace.of_user
     order by s.last_seen_at desc, s.id desc limit 1
  $$;
create index sessions_user_seen_idx on sessions (user_id, last_seen_at desc, id desc);

-- Somebody who loses this workspace goes on in another of theirs, and is signed out where there is none.
create or replace function end_member_sessions(of_user uuid, at timestamptz) returns bigint
  language sql volatile security definer set search_path = pg_catalog, public
  as $$
    with elsewhere as (
      select m.workspace_id from memberships m
       where m.user_id = end_member_sessions.of_user and m.workspace_id <> app_workspace_id() and m.disabled_at is null
       order by m.created_at limit 1),
    ended as (
      update sessions s
         set workspace_id = coalesce((select workspace_id from elsewhere), s.workspace_id),
             revoked_at = case when exists (select from elsewhere) then null else end_member_sessions.at end
       where s.user_id = end_member_sessions.of_user and s.workspace_id = app_workspace_id() and s.revoked_at is null
      returning 1)
    select count(*) from ended
  $$;

revoke execute on function own_workspaces(), move_own_session(uuid, uuid), last_workspace(uuid) from public;
grant execute on function own_workspaces(), move_own_session(uuid, uuid), last_workspace(uuid) to arctiv_app;
