-- Who works here: invitations by mail, and what the database itself keeps about members.

create table invitations (
  id uuid constraint invitations_pkey primary key,
  workspace_id uuid not null constraint invitations_workspace_fkey references workspaces (id) on delete cascade,
  email text not null constraint invitations_email_form check (email = lower(btrim(email))),
  role member_role not null,
  invited_by uuid constraint invitations_inviter_fkey references users (id) on delete set null,
  -- sent again: a new link, and the old one stops working; three within an hour and workspace
  is_resend boolean not null default false,
  token_hash bytea not null constraint invitations_token_key unique
    constraint invitations_token_length check (octet_length(token_hash) = 32),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  accepted_at timestamptz,
  declined_at timestamptz,
  revoked_at timestamptz,
  constraint invitations_one_end check (num_nonnulls(accepted_at, declined_at, revoked_at) <= 1)
);
create unique index invitations_open_key on invitations (workspace_id, email)
  where accepted_at is null and declined_at is null and revoked_at is null;
create index invitations_list_idx on invitations (workspace_id, created_at desc);
create index invitations_inviter_idx on invitations (invited_by);
create index invitations_expiry_idx on invitations (expires_at);

alter table invitations enable row level security;
alter table invitations force row level security;
create policy invitations_tenant on invitations to arctiv_app
  using (workspace_id = (select app_workspace_id())) with check (workspace_id = (select app_workspace_id()));
create policy invitations_retention on invitations to arctiv_retention using (true);
-- The functions below run as the owner, for whoever holds a link.
create policy invitations_link on invitations to arctiv_owner using (true) with check (true);
create policy memberships_join on memberships for insert to arctiv_owner with check (true);
create policy memberships_return on memberships for update to arctiv_owner using (true) with check (true);
create policy live_events_members on live_events for insert to arctiv_owner with check (true);

-- Never the hash back.
grant select (id, workspace_id, email, role, invited_by, is_resend, created_at, expires_at, accepted_at, declined_at, revoked_at)
  on invitations to arctiv_app;
grant insert on invitations to arctiv_app;
grant update (revoked_at) on invitations to arctiv_app;
grant delete on memberships to arctiv_app;
grant select, delete on invitations to arctiv_retention;

-- A workspace keeps an admin, also when two of them go at once: they take turns, and the second one sees what the first has done.
create function memberships_keep_an_admin() returns trigger
  language plpgsql volatile security definer set search_path = pg_catalog, public
  as $$
  begin
    if old.role = 'admin' and old.disabled_at is null
       and (tg_op = 'DELETE' or new.role <> 'admin' or new.disabled_at is not null) then
      perform pg_advisory_xact_lock(hashtextextended('admins/' || old.workspace_id::text, 0));
      if exists (select from workspaces w where w.id = old.workspace_id)
         and not exists (select from memberships m join users u on u.id = m.user_id and u.is_active
                          where m.workspace_id = old.workspace_id and m.id <> old.id and m.role = 'admin' and m.disabled_at is null) then
        raise exception 'a workspace keeps an admin' using errcode = 'check_violation', constraint = 'memberships_last_admin';
      end if;
    end if;
    if tg_op = 'DELETE' then
      return old;
    end if;
    return new;
  end $$;
create trigger memberships_keep_an_admin_delete before delete on memberships for each row execute function memberships_keep_an_admin();
create trigger memberships_keep_an_admin_update before update of role, disabled_at on memberships for each row
  when (old.workspace_id = new.workspace_id) execute function memberships_keep_an_admin();

-- Open pages hear of it: the team's page, and those of whoever is concerned.
create function memberships_live() returns trigger
  language plpgsql volatile security definer set search_path = pg_catalog, public
  as $$
  declare
    about memberships := case when tg_op = 'DELETE' then old else new end;
  begin
    insert into live_events (workspace_id, event)
    select about.workspace_id, jsonb_build_object(
             'type', 'member.updated', 'user_id', about.user_id, 'active', tg_op <> 'DELETE' and about.disabled_at is null)
     where exists (select from workspaces w where w.id = about.workspace_id);
    return null;
  end $$;
create trigger memberships_live_change after insert or delete on memberships for each row execute function memberships_live();
create trigger memberships_live_update after update of role, disabled_at on memberships for each row
  when (old.role is distinct from new.role or (old.disabled_at is null) <> (new.disabled_at is null))
  execute function memberships_live();

-- Ends somebody's sessions in the workspace that the transaction acts in; the person may be signed in to others.
create function end_member_sessions(of_user uuid, at timestamptz) returns bigint
  language sql volatile security definer set search_path = pg_catalog, public
  as $$
    with ended as (
      update sessions s set revoked_at = end_member_sessions.at
       where s.user_id = end_member_sessions.of_user and s.workspace_id = app_workspace_id() and s.revoked_at is null returning 1)
    select count(*) from ended
  $$;

-- When somebody was last in the workspace that the transaction acts in.
create function member_last_seen(of_user uuid) returns timestamptz
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select max(s.last_seen_at) from sessions s where s.user_id = member_last_seen.of_user and s.workspace_id = app_workspace_id()
  $$;

-- Ends one session of whoever acts, in whichever workspace it is; whether there was one.
create function end_own_session(wanted uuid, at timestamptz) returns boolean
  language sql volatile security definer set search_path = pg_catalog, public
  as $$
    with ended as (
      update sessions s set revoked_at = end_own_session.at
       where s.id = end_own_session.wanted and s.user_id = app_user_id() and s.revoked_at is null returning 1)
    select exists (select from ended)
  $$;

-- What a link offers, for whoever holds it. Looking changes nothing.
create function invitation_state(hash bytea, at timestamptz)
  returns table (state text, workspace_id uuid, workspace text, kind workspace_kind, email text, role member_role, invited_by text,
                 expires_at timestamptz, user_id uuid)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select case when i.accepted_at is not null then 'accepted' when i.declined_at is not null then 'declined'
                when i.revoked_at is not null then 'revoked' when i.expires_at <= invitation_state.at then 'expired' else 'open' end,
           w.id, w.name, w.kind, i.email, i.role, b.full_name, i.expires_at, u.id
      from invitations i
      join workspaces w on w.id = i.workspace_id
      left join users b on b.id = i.invited_by
      left join users u on u.email = i.email and u.is_active
     where i.token_hash = invitation_state.hash
  $$;

-- Consumes a link for the person it was sent to. Somebody who was disabled here comes back with the offered role.
create function accept_invitation(hash bytea, of_user uuid, membership uuid, at timestamptz) returns uuid
  language plpgsql volatile security definer set search_path = pg_catalog, public
  as $$
  declare
    offered invitations;
  begin
    update invitations i set accepted_at = accept_invitation.at
     where i.token_hash = accept_invitation.hash and i.accepted_at is null and i.declined_at is null and i.revoked_at is null
       and i.expires_at > accept_invitation.at
       and exists (select from users u where u.id = accept_invitation.of_user and u.email = i.email and u.is_active)
    returning i.* into offered;
    if offered.id is null then
      return null;
    end if;
    -- Whoever has the link has the address.
    update users u set email_confirmed_at = accept_invitation.at where u.id = accept_invitation.of_user and u.email_confirmed_at is null;
    insert into memberships (id, workspace_id, user_id, role, created_at, updated_at)
    values (accept_invitation.membership, offered.workspace_id, accept_invitation.of_user, offered.role, accept_invitation.at, accept_invitation.at)
    on conflict on constraint memberships_workspace_user_key do update set disabled_at = null, role = excluded.role
     where memberships.disabled_at is not null;
    return offered.workspace_id;
  end
  $$;

create function decline_invitation(hash bytea, at timestamptz) returns boolean
  language sql volatile security definer set search_path = pg_catalog, public
  as $$
    with done as (
      update invitations i set declined_at = decline_invitation.at
       where i.token_hash = decline_invitation.hash and i.accepted_at is null and i.declined_at is null and i.revoked_at is null
         and i.expires_at > decline_invitation.at returning 1)
    select exists (select from done)
  $$;

revoke execute on function end_member_sessions(uuid, timestamptz), member_last_seen(uuid), end_own_session(uuid, timestamptz),
  invitation_state(bytea, timestamptz),
  accept_invitation(bytea, uuid, uuid, timestamptz), decline_invitation(bytea, timestamptz) from public;
grant execute on function end_member_sessions(uuid, timestamptz), member_last_seen(uuid), end_own_session(uuid, timestamptz),
  invitation_state(bytea, timestamptz),
  accept_invitation(bytea, uuid, uuid, timestamptz), decline_invitation(bytea, timestamptz) to arctiv_app;
