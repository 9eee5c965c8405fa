-- On every request, so in PL/pgSQL: its plan is kept per connection, where a function in SQL is planned anew at each call.
-- It also answers who the person is, which pages would otherwise ask next.
drop function session_lookup(bytea, timestamptz);
create function session_lookup(hash bytea, at timestamptz)
  returns table (session_id uuid, last_seen_at timestamptz, user_id uuid, email text, full_name text, user_role workspace_kind,
                 confirmed boolean, headline text, bio text, specialties text[], availability text, agency_name text, team_size integer,
                 workspace_id uuid, name text, slug text, kind workspace_kind, time_zone text, undo_seconds integer,
                 new_accounts_active boolean, role member_role)
  language plpgsql stable security definer set search_path = pg_catalog, public
  as $$
  #variable_conflict use_column
  begin
    return query
    select s.id, s.last_seen_at, u.id, u.email, u.full_name, u.role, u.email_confirmed_at is not null,
           p.headline, p.bio, p.specialties, p.availability, p.agency_name, p.team_size,
           w.id, w.name, w.slug, w.kind, w.time_zone, w.undo_seconds::integer, w.new_accounts_active, m.role
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
