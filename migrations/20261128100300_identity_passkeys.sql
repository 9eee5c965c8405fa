-- Passkeys: public keys of credentials that browsers, phones and security keys hold, and what is known of a ceremony while a person
-- is asked by their device.

create table passkeys (
  id uuid constraint passkeys_pkey primary key,
  user_id uuid not null constraint passkeys_user_fkey references users (id) on delete cascade,
  credential_id bytea not null constraint passkeys_credential_key unique
    constraint passkeys_credential_length check (octet_length(credential_id) between 16 and 1023),
  name text not null constraint passkeys_name_length check (char_length(name) between 1 and 60),
  -- the public key, and what does not change with it
  static_state bytea not null constraint passkeys_static_length check (octet_length(static_state) <= 4096),
  -- counter, and how it was used last
  dynamic_state bytea not null constraint passkeys_dynamic_length check (octet_length(dynamic_state) = 7),
  created_at timestamptz not null,
  last_used_at timestamptz
);
create index passkeys_user_idx on passkeys (user_id, created_at);
alter table passkeys enable row level security;
create policy passkeys_own on passkeys to arctiv_app
  using (user_id = (select app_user_id())) with check (user_id = (select app_user_id()));
grant select, insert, delete on passkeys to arctiv_app;
grant update (name, dynamic_state, last_used_at) on passkeys to arctiv_app;

-- One ceremony for each browser and purpose: a newer one takes the place of one that was left.
create table passkey_ceremonies (
  -- SHA-256 of what it is bound to: a cookie, or a session
  bound_to bytea not null constraint passkey_ceremonies_bound_length check (octet_length(bound_to) = 32),
  purpose text not null constraint passkey_ceremonies_purpose check (purpose in ('register', 'first', 'second')),
  -- the challenge and its conditions
  state_sealed bytea not null,
  expires_at timestamptz not null,
  constraint passkey_ceremonies_pkey primary key (bound_to, purpose)
);
create index passkey_ceremonies_expiry_idx on passkey_ceremonies (expires_at);
grant select, delete on passkey_ceremonies to arctiv_retention;

create function begin_passkey_ceremony(bound bytea, for_what text, sealed bytea, until timestamptz) returns void
  language sql volatile security definer set search_path = pg_catalog, public
  as $$
    insert into passkey_ceremonies (bound_to, purpose, state_sealed, expires_at) values (bound, for_what, sealed, until)
      on conflict on constraint passkey_ceremonies_pkey do update
        set state_sealed = excluded.state_sealed, expires_at = excluded.expires_at
  $$;
-- Consumes it: of two answers at once one gets it.
create function take_passkey_ceremony(bound bytea, for_what text, at timestamptz) returns bytea
  language sql volatile security definer set search_path = pg_catalog, public
  as $$
    with taken as (
      delete from passkey_ceremonies c where c.bound_to = bound and c.purpose = for_what returning c.state_sealed, c.expires_at)
    select t.state_sealed from taken t where t.expires_at > take_passkey_ceremony.at
  $$;
-- Whose passkey it is, before anybody is signed in.
create function passkey_lookup(credential bytea)
  returns table (id uuid, user_id uuid, workspace_id uuid, static_state bytea, dynamic_state bytea)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select p.id, p.user_id, home_workspace(p.user_id), p.static_state, p.dynamic_state
      from passkeys p join users u on u.id = p.user_id and u.is_active
     where p.credential_id = passkey_lookup.credential
  $$;
revoke execute on function begin_passkey_ceremony(bytea, text, bytea, timestamptz), take_passkey_ceremony(bytea, text, timestamptz),
  passkey_lookup(bytea) from public;
grant execute on function begin_passkey_ceremony(bytea, text, bytea, timestamptz), take_passkey_ceremony(bytea, text, timestamptz),
  passkey_lookup(bytea) to arctiv_app;
