-- Logos of workspaces, pictures of people, and whether somebody is found in the directory. A picture is the name of a file under
-- `portraits/` in the store of media: it is made anew for each picture, and never used again.
alter table workspaces add column logo text
  constraint workspaces_logo_form check (logo ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(png|jpg)$');
alter table profiles
  add column avatar text
    constraint profiles_avatar_form check (avatar ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(png|jpg)$'),
  add column listed boolean not null default false;
alter table profiles
  add constraint profiles_headline_length check (char_length(headline) <= 120) not valid,
  add constraint profiles_bio_length check (char_length(bio) <= 2000) not valid,
  add constraint profiles_availability_length check (char_length(availability) <= 100) not valid,
  add constraint profiles_specialties_count check (cardinality(specialties) <= 20) not valid,
  add constraint profiles_team_size_range check (team_size between 1 and 100000) not valid;

drop function session_lookup(bytea, timestamptz);
create function session_lookup(hash bytea, at timestamptz)
  returns table (session_id uuid, last_seen_at timestamptz, user_id uuid, email text, full_name text, user_role workspace_kind,
                 confirmed boolean, headline text, bio text, specialties text[], availability text, agency_name text, team_size integer,
                 listed boolean, avatar text,
                 workspace_id uuid, name text, slug text, kind workspace_kind, time_zone text, undo_seconds integer,
                 new_accounts_active boolean, logo text, role member_role)
  language plpgsql stable security definer set search_path = pg_catalog, public
  as $$
  #variable_conflict use_column
  begin
    return query
    select s.id, s.last_seen_at, u.id, u.email, u.full_name, u.role, u.email_confirmed_at is not null,
           p.headline, p.bio, p.specialties, p.availability, p.agency_name, p.team_size, p.listed, p.avatar,
           w.id, w.name, w.slug, w.kind, w.time_zone, w.undo_seconds::integer, w.new_accounts_active, w.logo, m.role
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

drop function own_workspaces();
create function own_workspaces()
  returns table (workspace_id uuid, name text, slug text, kind workspace_kind, logo text, role member_role)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select w.id, w.name, w.slug, w.kind, w.logo, m.role
      from memberships m join workspaces w on w.id = m.workspace_id
     where m.user_id = app_user_id() and m.disabled_at is null
     order by lower(w.name), w.id
  $$;
revoke execute on function own_workspaces() from public;
grant execute on function own_workspaces() to arctiv_app;
