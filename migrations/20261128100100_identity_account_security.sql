-- Browsers that somebody has signed in with before, so that a sign-in from another one can be told to them. A browser is known by a
-- cookie, of which only the hash is kept; one browser may be known to several people.
create table known_devices (
  id uuid constraint known_devices_pkey primary key,
  user_id uuid not null constraint known_devices_user_fkey references users (id) on delete cascade,
  token_hash bytea not null constraint known_devices_token_length check (octet_length(token_hash) = 32),
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  constraint known_devices_user_token_key unique (user_id, token_hash)
);
create index known_devices_last_seen_idx on known_devices (last_seen_at);
alter table known_devices enable row level security;
create policy known_devices_retention on known_devices to arctiv_retention using (true);
grant select, delete on known_devices to arctiv_retention;

alter table sessions add column device_id uuid constraint sessions_device_fkey references known_devices (id) on delete set null;
create index sessions_device_idx on sessions (device_id) where device_id is not null;

-- Wrong answers at the door, by what was guessed at and from where. Nothing here is worth a write-ahead log: a crash of the database
-- forgives everybody once.
create unlogged table guesses (
  key bytea constraint guesses_pkey primary key constraint guesses_key_length check (octet_length(key) = 32),
  failures integer not null,
  last_at timestamptz not null,
  next_at timestamptz not null
) with (fillfactor = 50);
create index guesses_last_idx on guesses (last_at);
grant select, delete on guesses to arctiv_retention;

-- Counts one try, as if it had failed already: of many at once each sees those before it. Nothing when it may go on, else when the
-- next one may. After `free` tries each pause is twice the one before, from ten seconds to a quarter of an hour; a day without a
-- try forgives all.
create function guess(wanted bytea, free integer, at timestamptz) returns timestamptz
  language plpgsql volatile security definer set search_path = pg_catalog, public
  as $$
  declare
    waits timestamptz;
  begin
    insert into guesses as g (key, failures, last_at, next_at)
      values (wanted, 1, guess.at, guess.at + case when guess.free > 1 then interval '0' else interval '10 seconds' end)
      on conflict on constraint guesses_pkey do update
        set failures = case when g.last_at < guess.at - interval '1 day' then 1 else g.failures + 1 end,
            last_at = guess.at,
            next_at = guess.at + case
              when g.last_at < guess.at - interval '1 day' or g.failures + 1 < guess.free then interval '0'
              else least(interval '10 seconds' * power(2, least(g.failures + 1 - guess.free, 10)), interval '15 minutes') end
        where g.next_at <= guess.at;
    if not found then
      select g.next_at into waits from guesses g where g.key = wanted;
    end if;
    return waits;
  end
  $$;

-- The right answer forgives what was guessed before it.
create function guessed_right(wanted bytea) returns void
  language sql volatile security definer set search_path = pg_catalog, public
  as $$ delete from guesses g where g.key = guessed_right.wanted $$;

-- Whether the owner of an address has signed in with this browser before.
create function device_is_known(of_email text, device bytea) returns boolean
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select exists (select from known_devices d join users u on u.id = d.user_id
                    where u.email = device_is_known.of_email and d.token_hash = device_is_known.device)
  $$;

-- The browser that whoever acts signs in with: which it is, whether it is a new one, how many others there are, and how many were new
-- within the last hour. Fifty are remembered.
create function meet_device(new_id uuid, device bytea, at timestamptz)
  returns table (id uuid, fresh boolean, others bigint, new_lately bigint)
  language plpgsql volatile security definer set search_path = pg_catalog, public
  as $$
  #variable_conflict use_column
  declare
    met known_devices;
  begin
    insert into known_devices as d (id, user_id, token_hash, first_seen_at, last_seen_at)
      values (new_id, app_user_id(), device, meet_device.at, meet_device.at)
      on conflict on constraint known_devices_user_token_key do update
        set last_seen_at = greatest(d.last_seen_at, meet_device.at)
      returning d.* into met;
    if met.id = new_id then
      delete from known_devices d where d.user_id = app_user_id() and d.id in
        (select o.id from known_devices o where o.user_id = app_user_id() order by o.last_seen_at desc, o.id desc offset 50);
    end if;
    return query
      select met.id, met.id = new_id, count(*) filter (where d.id <> met.id),
             count(*) filter (where d.first_seen_at > meet_device.at - interval '1 hour')
        from known_devices d where d.user_id = app_user_id();
  end
  $$;

-- Where whoever acts is signed in, in whichever workspace.
create function own_sessions(at timestamptz, seen_after timestamptz)
  returns table (id uuid, workspace text, ip text, user_agent text, created_at timestamptz, last_seen_at timestamptz, expires_at timestamptz)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select s.id, w.name, host(s.ip), s.user_agent, s.created_at, s.last_seen_at, s.expires_at
      from sessions s
      join memberships m on m.user_id = s.user_id and m.workspace_id = s.workspace_id and m.disabled_at is null
      join workspaces w on w.id = s.workspace_id
     where s.user_id = app_user_id() and s.revoked_at is null
       and s.expires_at > own_sessions.at and s.last_seen_at > own_sessions.seen_after
     order by s.last_seen_at desc, s.id limit 100
  $$;

-- Ends a session of whoever acts, and forgets its browser: if it signs in again, that is told. What the session said of itself.
create function revoke_own_session(wanted uuid, at timestamptz) returns table (user_agent text)
  language plpgsql volatile security definer set search_path = pg_catalog, public
  as $$
  #variable_conflict use_column
  declare
    ended sessions;
  begin
    update sessions s set revoked_at = revoke_own_session.at
     where s.id = wanted and s.user_id = app_user_id() and s.revoked_at is null and s.expires_at > revoke_own_session.at
    returning s.* into ended;
    if ended.id is null then
      return;
    end if;
    delete from known_devices d where d.id = ended.device_id and not exists
      (select from sessions s where s.device_id = d.id and s.revoked_at is null and s.expires_at > revoke_own_session.at);
    return query select ended.user_agent;
  end
  $$;

-- The same for all sessions but one; how many there were.
create function revoke_other_sessions(keep uuid, at timestamptz, seen_after timestamptz) returns bigint
  language plpgsql volatile security definer set search_path = pg_catalog, public
  as $$
  declare
    ended bigint;
  begin
    with gone as (
      update sessions s set revoked_at = revoke_other_sessions.at
       where s.user_id = app_user_id() and s.id <> keep and s.revoked_at is null returning s.last_seen_at, s.expires_at)
    select count(*) into ended from gone g
     where g.expires_at > revoke_other_sessions.at and g.last_seen_at > revoke_other_sessions.seen_after;
    delete from known_devices d where d.user_id = app_user_id()
      and d.id is distinct from (select s.device_id from sessions s where s.id = keep);
    return ended;
  end
  $$;

revoke execute on function guess(bytea, integer, timestamptz), guessed_right(bytea), device_is_known(text, bytea),
  meet_device(uuid, bytea, timestamptz), own_sessions(timestamptz, timestamptz), revoke_own_session(uuid, timestamptz),
  revoke_other_sessions(uuid, timestamptz, timestamptz) from public;
grant execute on function guess(bytea, integer, timestamptz), guessed_right(bytea), device_is_known(text, bytea),
  meet_device(uuid, bytea, timestamptz), own_sessions(timestamptz, timestamptz), revoke_own_session(uuid, timestamptz),
  revoke_other_sessions(uuid, timestamptz, timestamptz) to arctiv_app;
