-- Links that prove an email address or replace a password: only their hash is kept, and one statement consumes them, so that of two
-- clicks at once one wins.

create table email_confirmations (
  id uuid constraint email_confirmations_pkey primary key,
  user_id uuid not null constraint email_confirmations_user_fkey references users (id) on delete cascade,
  -- the address to be confirmed: the person's own, or the one it is to change to
  email text not null constraint email_confirmations_email_form check (email = lower(btrim(email))),
  is_change boolean not null default false,
  -- asked for by the person; three within an hour
  is_resend boolean not null default false,
  token_hash bytea not null constraint email_confirmations_token_key unique
    constraint email_confirmations_token_length check (octet_length(token_hash) = 32),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  confirmed_at timestamptz,
  revoked_at timestamptz
);
create index email_confirmations_user_idx on email_confirmations (user_id, created_at desc);
create index email_confirmations_expiry_idx on email_confirmations (expires_at);

create table password_resets (
  id uuid constraint password_resets_pkey primary key,
  user_id uuid not null constraint password_resets_user_fkey references users (id) on delete cascade,
  token_hash bytea not null constraint password_resets_token_key unique
    constraint password_resets_token_length check (octet_length(token_hash) = 32),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  revoked_at timestamptz
);
create index password_resets_user_idx on password_resets (user_id, created_at desc);
create index password_resets_expiry_idx on password_resets (expires_at);

alter table email_confirmations enable row level security;
alter table password_resets enable row level security;
create policy email_confirmations_own on email_confirmations to arctiv_app
  using (user_id = (select app_user_id())) with check (user_id = (select app_user_id()));
create policy email_confirmations_retention on email_confirmations to arctiv_retention using (true);
-- Asked for by somebody who is not signed in, so by the worker.
create policy password_resets_worker on password_resets to arctiv_worker using (true) with check (true);
create policy password_resets_retention on password_resets to arctiv_retention using (true);
create policy sessions_end on sessions for update to arctiv_owner using (true) with check (true);

-- Never the hash back.
grant select (id, user_id, email, is_change, is_resend, created_at, expires_at, confirmed_at, revoked_at) on email_confirmations to arctiv_app;
grant insert on email_confirmations to arctiv_app;
grant update (revoked_at) on email_confirmations to arctiv_app;
grant select (id, user_id, created_at, expires_at, used_at, revoked_at) on password_resets to arctiv_worker;
grant insert on password_resets to arctiv_worker;
grant update (revoked_at) on password_resets to arctiv_worker;
grant select (email_confirmed_at) on users to arctiv_worker;
grant select, delete on email_confirmations, password_resets to arctiv_retention;

-- How a link stands, for whoever holds it. Looking changes nothing.
create function email_confirmation_state(hash bytea, at timestamptz)
  returns table (state text, user_id uuid, email text, is_change boolean, confirmed boolean)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select case when c.confirmed_at is not null then 'used' when c.revoked_at is not null then 'revoked'
                when c.expires_at <= email_confirmation_state.at then 'expired' else 'open' end,
           c.user_id, c.email, c.is_change, u.email_confirmed_at is not null
      from email_confirmations c join users u on u.id = c.user_id and u.is_active
     where c.token_hash = email_confirmation_state.hash
  $$;

-- Consumes a link. A new address that somebody else has taken meanwhile violates users_email_key, and nothing is consumed.
create function confirm_email(hash bytea, at timestamptz)
  returns table (user_id uuid, email text, old_email text, full_name text)
  language plpgsql volatile security definer set search_path = pg_catalog, public
  as $$
  #variable_conflict use_column
  declare
    link email_confirmations;
    person users;
  begin
    -- The person first: two links of one person, used at once, would otherwise wait for each other for ever.
    select u.* into person from users u
     where u.is_active and u.id = (select c.user_id from email_confirmations c where c.token_hash = confirm_email.hash) for update;
    update email_confirmations c set confirmed_at = confirm_email.at
     where c.token_hash = confirm_email.hash and c.user_id = person.id
       and c.confirmed_at is null and c.revoked_at is null and c.expires_at > confirm_email.at
    returning c.* into link;
    if link.id is null then
      return;
    end if;
    -- What was to be confirmed is not the person's address any more.
    if not link.is_change and person.email <> link.email then
      return;
    end if;
    update users u set email = link.email,
           email_confirmed_at = case when link.is_change then confirm_email.at else coalesce(u.email_confirmed_at, confirm_email.at) end
     where u.id = link.user_id;
    update email_confirmations c set revoked_at = confirm_email.at
     where c.user_id = link.user_id and c.id <> link.id and c.confirmed_at is null and c.revoked_at is null;
    return query select link.user_id, link.email, person.email, person.full_name;
  end
  $$;

create function password_reset_state(hash bytea, at timestamptz) returns text
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select case when r.used_at is not null then 'used' when r.revoked_at is not null then 'revoked'
                when r.expires_at <= password_reset_state.at then 'expired' else 'open' end
      from password_resets r join users u on u.id = r.user_id and u.is_active
     where r.token_hash = password_reset_state.hash
  $$;

-- Consumes a link, sets the password and ends every session. Whoever has the link has the address too.
create function reset_password(hash bytea, new_hash text, at timestamptz)
  returns table (user_id uuid, email text, full_name text)
  language plpgsql volatile security definer set search_path = pg_catalog, public
  as $$
  #variable_conflict use_column
  declare
    of_user uuid;
    link uuid;
  begin
    select u.id into of_user from users u
     where u.is_active and u.id = (select r.user_id from password_resets r where r.token_hash = reset_password.hash) for update;
    update password_resets r set used_at = reset_password.at
     where r.token_hash = reset_password.hash and r.user_id = of_user
       and r.used_at is null and r.revoked_at is null and r.expires_at > reset_password.at
    returning r.id into link;
    if link is null then
      return;
    end if;
    update users u set password_hash = reset_password.new_hash, email_confirmed_at = coalesce(u.email_confirmed_at, reset_password.at)
     where u.id = of_user;
    update sessions s set revoked_at = reset_password.at where s.user_id = of_user and s.revoked_at is null;
    update password_resets r set revoked_at = reset_password.at
     where r.user_id = of_user and r.used_at is null and r.revoked_at is null;
    return query select u.id, u.email, u.full_name from users u where u.id = of_user;
  end
  $$;

-- Whose link it is, and where their record is kept: what is done by somebody who is not signed in stands in the log of the first
-- workspace they belong to.
create function password_reset_owner(hash bytea) returns uuid
  language sql stable security definer set search_path = pg_catalog, public
  as $$ select r.user_id from password_resets r where r.token_hash = password_reset_owner.hash $$;
create function home_workspace(of_user uuid) returns uuid
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select m.workspace_id from memberships m
     where m.user_id = home_workspace.of_user and m.disabled_at is null order by m.created_at limit 1
  $$;

-- The hash of whoever acts, for changes that ask for the password.
create function own_password_hash() returns text
  language sql stable security definer set search_path = pg_catalog, public
  as $$ select u.password_hash from users u where u.id = app_user_id() and u.is_active $$;

-- Ends the sessions of whoever acts, in every workspace, but for the one that is kept; how many.
create function end_own_sessions(keep uuid, at timestamptz) returns bigint
  language sql volatile security definer set search_path = pg_catalog, public
  as $$
    with ended as (
      update sessions s set revoked_at = end_own_sessions.at
       where s.user_id = app_user_id() and s.id is distinct from end_own_sessions.keep and s.revoked_at is null returning 1)
    select count(*) from ended
  $$;

revoke execute on function email_confirmation_state(bytea, timestamptz), confirm_email(bytea, timestamptz),
  password_reset_state(bytea, timestamptz), reset_password(bytea, text, timestamptz),
  password_reset_owner(bytea), home_workspace(uuid), own_password_hash(),
  end_own_sessions(uuid, timestamptz) from public;
grant execute on function email_confirmation_state(bytea, timestamptz), confirm_email(bytea, timestamptz),
  password_reset_state(bytea, timestamptz), reset_password(bytea, text, timestamptz),
  password_reset_owner(bytea), home_workspace(uuid), own_password_hash(),
  end_own_sessions(uuid, timestamptz) to arctiv_app;
