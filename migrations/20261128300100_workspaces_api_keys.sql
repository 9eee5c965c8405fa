-- Keys with which programs act in a workspace, as the person who made them. Only a key's hash is kept; its first letters tell it from
-- others. A revoked key stays, since the record names it.

create table api_keys (
  id uuid constraint api_keys_pkey primary key,
  workspace_id uuid not null constraint api_keys_workspace_fkey references workspaces (id) on delete cascade,
  created_by uuid constraint api_keys_maker_fkey references users (id) on delete set null,
  name text not null constraint api_keys_name_length check (char_length(name) between 1 and 100),
  -- mark and first letters: what lists show, and what a key is looked up by
  prefix text not null constraint api_keys_prefix_key unique constraint api_keys_prefix_form check (prefix ~ '^arc_[A-Za-z0-9]{8}$'),
  token_hash bytea not null constraint api_keys_token_length check (octet_length(token_hash) = 32),
  scopes text[] not null constraint api_keys_scopes_some check (cardinality(scopes) between 1 and 50),
  created_at timestamptz not null,
  expires_at timestamptz,
  -- to the minute
  last_used_at timestamptz,
  revoked_at timestamptz
);
create index api_keys_list_idx on api_keys (workspace_id, created_at desc) where revoked_at is null;
create index api_keys_maker_idx on api_keys (created_by);

alter table api_keys enable row level security;
alter table api_keys force row level security;
create policy api_keys_tenant on api_keys to arctiv_app
  using (workspace_id = (select app_workspace_id())) with check (workspace_id = (select app_workspace_id()));
-- The functions below run as the owner, for whoever holds a key.
create policy api_keys_door on api_keys to arctiv_owner using (true) with check (true);

-- Never the hash back.
grant select (id, workspace_id, created_by, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at) on api_keys to arctiv_app;
grant insert on api_keys to arctiv_app;
grant update (revoked_at) on api_keys to arctiv_app;

-- The live key that begins so, and as whom it acts: its maker, in the role they have now. In PL/pgSQL, so that its plan is kept.
create function api_key_lookup(wanted text, at timestamptz)
  returns table (key_id uuid, token_hash bytea, scopes text[], last_used_at timestamptz, user_id uuid, workspace_id uuid,
                 kind workspace_kind, role member_role)
  language plpgsql stable security definer set search_path = pg_catalog, public
  as $$
  #variable_conflict use_column
  begin
    return query
    select k.id, k.token_hash, k.scopes, k.last_used_at, m.user_id, w.id, w.kind, m.role
      from api_keys k
      join memberships m on m.user_id = k.created_by and m.workspace_id = k.workspace_id and m.disabled_at is null
      join users u on u.id = k.created_by and u.is_active
      join workspaces w on w.id = k.workspace_id
     where k.prefix = api_key_lookup.wanted and k.revoked_at is null
       and (k.expires_at is null or k.expires_at > api_key_lookup.at);
  end
  $$;

-- Notes when a key was used, unless that is known to within `every`: of many requests at once, one writes.
create function api_key_used(key uuid, at timestamptz, every interval) returns void
  language sql volatile security definer set search_path = pg_catalog, public
  as $$
    update api_keys k set last_used_at = api_key_used.at
     where k.id = api_key_used.key and (k.last_used_at is null or k.last_used_at <= api_key_used.at - api_key_used.every)
  $$;

revoke execute on function api_key_lookup(text, timestamptz), api_key_used(uuid, timestamptz, interval) from public;
grant execute on function api_key_lookup(text, timestamptz), api_key_used(uuid, timestamptz, interval) to arctiv_app;
