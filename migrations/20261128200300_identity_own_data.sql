-- A person's own data: taking it along, and deleting the account.

create table data_exports (
  id uuid constraint data_exports_pkey primary key,
  user_id uuid not null constraint data_exports_user_fkey references users (id) on delete cascade,
  created_at timestamptz not null,
  ready_at timestamptz,
  expires_at timestamptz not null,
  -- a JSON file; null while it is put together
  content bytea,
  constraint data_exports_ready check ((ready_at is null) = (content is null))
);
create index data_exports_user_idx on data_exports (user_id, created_at desc);
create index data_exports_expiry_idx on data_exports (expires_at);

alter table data_exports enable row level security;
create policy data_exports_own on data_exports to arctiv_app
  using (user_id = (select app_user_id())) with check (user_id = (select app_user_id()));
create policy data_exports_worker on data_exports to arctiv_worker using (true) with check (true);
create policy data_exports_retention on data_exports to arctiv_retention using (true);
-- The content only by a link that the program has signed.
grant select (id, user_id, created_at, ready_at, expires_at) on data_exports to arctiv_app;
grant insert on data_exports to arctiv_app;
grant select (id, user_id, created_at, ready_at, expires_at) on data_exports to arctiv_worker;
grant update (ready_at, content) on data_exports to arctiv_worker;
grant select, delete on data_exports to arctiv_retention;

create function data_export_content(wanted uuid, at timestamptz) returns bytea
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select e.content from data_exports e join users u on u.id = e.user_id and u.is_active
     where e.id = data_export_content.wanted and e.expires_at > data_export_content.at
  $$;
create function data_export_bytes(wanted uuid) returns bigint
  language sql stable security definer set search_path = pg_catalog, public
  as $$ select octet_length(e.content)::bigint from data_exports e where e.id = data_export_bytes.wanted and e.user_id = app_user_id() $$;

-- What the worker gathers of one person.
grant select (created_at) on users to arctiv_worker;
grant select on profiles to arctiv_worker;
create policy profiles_worker on profiles for select to arctiv_worker using (true);
grant select (id, user_id, workspace_id, ip, user_agent, created_at, last_seen_at, expires_at, revoked_at) on sessions to arctiv_worker;
create policy sessions_worker on sessions for select to arctiv_worker using (true);

-- A workspace whose last member has deleted their account. Kept for 30 days, in which access to its accounts is given back.
alter table workspaces add column closed_at timestamptz;
create index workspaces_closed_idx on workspaces (closed_at) where closed_at is not null;

create policy workspaces_close on workspaces for update to arctiv_owner using (true) with check (true);
create policy workspaces_retention on workspaces to arctiv_retention using (closed_at is not null);
grant select, delete on workspaces to arctiv_retention;

create or replace function memberships_keep_an_admin() returns trigger
  language plpgsql volatile security definer set search_path = pg_catalog, public
  as $$
  begin
    if old.role = 'admin' and old.disabled_at is null
       and (tg_op = 'DELETE' or new.role <> 'admin' or new.disabled_at is not null) then
      perform pg_advisory_xact_lock(hashtextextended('admins/' || old.workspace_id::text, 0));
      if exists (select from workspaces w where w.id = old.workspace_id and w.closed_at is null)
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

-- What would become of each workspace of whoever acts.
create function own_departure() returns table (workspace_id uuid, name text, kind workspace_kind, outcome text)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select w.id, w.name, w.kind,
           case when not exists (select from memberships o where o.workspace_id = w.id and o.user_id <> m.user_id) then 'closed'
                when m.role = 'admin' and m.disabled_at is null
                     and not exists (select from memberships o join users u on u.id = o.user_id and u.is_active
                                      where o.workspace_id = w.id and o.user_id <> m.user_id and o.role = 'admin' and o.disabled_at is null)
                  then 'blocks'
                else 'left' end
      from memberships m join workspaces w on w.id = m.workspace_id
     where m.user_id = app_user_id()
     order by lower(w.name), w.id
  $$;

-- Deletes whoever acts, with all that is theirs alone. Workspaces in which nobody else is are closed and lose their names, which
-- may be the person's. Refused, as a whole, while somebody else would be left without an admin.
create function delete_own_account(at timestamptz) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, public
  as $$
  declare
    here uuid;
  begin
    for here in select m.workspace_id from memberships m where m.user_id = app_user_id() order by 1 loop
      perform pg_advisory_xact_lock(hashtextextended('admins/' || here::text, 0));
    end loop;
    -- Nobody comes in meanwhile where nobody else is.
    update invitations i set revoked_at = delete_own_account.at
     where i.accepted_at is null and i.declined_at is null and i.revoked_at is null
       and i.workspace_id in (select d.workspace_id from own_departure() d where d.outcome = 'closed');
    if exists (select from own_departure() d where d.outcome = 'blocks') then
      raise exception 'somebody would be left without an admin' using errcode = 'check_violation', constraint = 'memberships_last_admin';
    end if;
    update workspaces w set closed_at = delete_own_account.at, name = 'Closed workspace', logo = null,
           slug = 'closed-' || replace(w.id::text, '-', '')
     where w.id in (select d.workspace_id from own_departure() d where d.outcome = 'closed');
    delete from users u where u.id = app_user_id();
  end
  $$;

revoke execute on function data_export_content(uuid, timestamptz), data_export_bytes(uuid), own_departure(), delete_own_account(timestamptz)
  from public;
grant execute on function data_export_content(uuid, timestamptz), data_export_bytes(uuid), own_departure(), delete_own_account(timestamptz)
  to arctiv_app;
