-- Requests of one moment look their sessions up together.
drop function session_lookup(bytea, timestamptz);
create function session_lookup(hashes bytea[], at timestamptz)
  returns table (token_hash bytea, session_id uuid, last_seen_at timestamptz, user_id uuid, email text, full_name text,
                 user_role workspace_kind, confirmed boolean, headline text, bio text, specialties text[], availability text,
                 agency_name text, team_size integer, listed boolean, avatar text,
                 workspace_id uuid, name text, slug text, kind workspace_kind, time_zone text, undo_seconds integer,
                 new_accounts_active boolean, approval_policy approval_policy, logo text, role member_role)
  language plpgsql stable security definer set search_path = pg_catalog, public
  as $$
  #variable_conflict use_column
  begin
    return query
    select s.token_hash, s.id, s.last_seen_at, u.id, u.email, u.full_name, u.role, u.email_confirmed_at is not null,
           p.headline, p.bio, p.specialties, p.availability, p.agency_name, p.team_size, p.listed, p.avatar,
           w.id, w.name, w.slug, w.kind, w.time_zone, w.undo_seconds::integer, w.new_accounts_active, w.approval_policy, w.logo, m.role
      from sessions s
      join users u on u.id = s.user_id and u.is_active
      join profiles p on p.user_id = s.user_id
      join memberships m on m.user_id = s.user_id and m.workspace_id = s.workspace_id and m.disabled_at is null
      join workspaces w on w.id = s.workspace_id
     where s.token_hash = any(session_lookup.hashes) and s.revoked_at is null and s.expires_at > session_lookup.at;
  end
  $$;
revoke execute on function session_lookup(bytea[], timestamptz) from public;
grant execute on function session_lookup(bytea[], timestamptz) to arctiv_app;
