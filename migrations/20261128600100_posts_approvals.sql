-- Approvals: posts that wait for somebody's word before they go out, and the history of who asked and who decided.

-- Whose posts wait: members' only, or everybody's (four eyes).
create type approval_policy as enum ('members', 'everybody');
alter table workspaces add column approval_policy approval_policy not null default 'members';

create type approval_step as enum ('requested', 'withdrawn', 'approved', 'rejected');

-- Append-only: the program's roles insert and read. The state of a post stands with the post; this is how it came to be.
create table approvals (
  id uuid constraint approvals_pkey primary key,
  workspace_id uuid not null constraint approvals_workspace_fkey references workspaces (id) on delete cascade,
  post_id uuid not null constraint approvals_post_fkey references posts (id) on delete cascade,
  -- the one that was asked for or decided on
  version integer not null,
  step approval_step not null,
  actor_id uuid constraint approvals_actor_fkey references users (id) on delete set null,
  note text constraint approvals_note_length check (char_length(note) between 1 and 1000),
  created_at timestamptz not null,
  constraint approvals_version_fkey foreign key (post_id, version) references post_versions (post_id, number) on delete cascade,
  -- whoever rejects says why
  constraint approvals_rejected_with_note check ((step = 'rejected') = (note is not null))
);
create index approvals_post_idx on approvals (post_id, created_at desc, id desc);
create index approvals_version_idx on approvals (post_id, version);
create index approvals_workspace_idx on approvals (workspace_id);
create index approvals_actor_idx on approvals (actor_id);

alter table approvals enable row level security;
alter table approvals force row level security;
create policy approvals_tenant on approvals to arctiv_app
  using (workspace_id = (select app_workspace_id())) with check (workspace_id = (select app_workspace_id()));
create policy approvals_worker on approvals to arctiv_worker using (true) with check (true);
grant select, insert on approvals to arctiv_app;
-- For what a person takes along of their own.
grant select on approvals to arctiv_worker;

drop function session_lookup(bytea, timestamptz);
create function session_lookup(hash bytea, at timestamptz)
  returns table (session_id uuid, last_seen_at timestamptz, user_id uuid, email text, full_name text, user_role workspace_kind,
                 confirmed boolean, headline text, bio text, specialties text[], availability text, agency_name text, team_size integer,
                 listed boolean, avatar text,
                 workspace_id uuid, name text, slug text, kind workspace_kind, time_zone text, undo_seconds integer,
                 new_accounts_active boolean, approval_policy approval_policy, logo text, role member_role)
  language plpgsql stable security definer set search_path = pg_catalog, public
  as $$
  #variable_conflict use_column
  begin
    return query
    select s.id, s.last_seen_at, u.id, u.email, u.full_name, u.role, u.email_confirmed_at is not null,
           p.headline, p.bio, p.specialties, p.availability, p.agency_name, p.team_size, p.listed, p.avatar,
           w.id, w.name, w.slug, w.kind, w.time_zone, w.undo_seconds::integer, w.new_accounts_active, w.approval_policy, w.logo, m.role
      from sessions s
      join users u on u.id = s.user_id and u.is_active
      join profiles p on p.user_id = s.user_id
      join memberships m on m.user_id = s.user_id and m.workspace_id = s.workspace_id and m.disabled_at is null
      join workspaces w on w.id = s.workspace_id
     where s.token_hash = session_lookup.hash and s.revoked_at is null and s.expires_at > session_lookup.at;
  end
  $$;
revoke execute on function session_lookup(bytea, timestamptz) from public;
grant execute on function session_lookup(bytea, timestamptz) to arctiv_app;
