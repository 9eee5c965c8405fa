-- Two-step sign-in: the secret that an authenticator app shares with us, sealed; recovery codes, of which only hashes are kept; and
-- sign-ins that wait for their second step, which are no sessions.

create table totp_secrets (
  user_id uuid constraint totp_secrets_pkey primary key
    constraint totp_secrets_user_fkey references users (id) on delete cascade,
  secret_sealed bytea not null,
  created_at timestamptz not null,
  -- the session that sets it up: no other is shown the secret
  session_id uuid,
  -- by the first code of the app; until then nothing asks for one
  confirmed_at timestamptz,
  -- the newest time step whose code was used: none works twice
  last_step bigint not null default 0
);

create table recovery_codes (
  id uuid constraint recovery_codes_pkey primary key,
  user_id uuid not null constraint recovery_codes_user_fkey references users (id) on delete cascade,
  code_hash bytea not null constraint recovery_codes_hash_length check (octet_length(code_hash) = 32),
  created_at timestamptz not null,
  used_at timestamptz,
  constraint recovery_codes_user_hash_key unique (user_id, code_hash)
);

create table pending_sign_ins (
  id uuid constraint pending_sign_ins_pkey primary key,
  user_id uuid not null constraint pending_sign_ins_user_fkey references users (id) on delete cascade,
  token_hash bytea not null constraint pending_sign_ins_token_key unique
    constraint pending_sign_ins_token_length check (octet_length(token_hash) = 32),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  consumed_at timestamptz
);
create index pending_sign_ins_user_idx on pending_sign_ins (user_id);
create index pending_sign_ins_expiry_idx on pending_sign_ins (expires_at);

alter table totp_secrets enable row level security;
alter table recovery_codes enable row level security;
alter table pending_sign_ins enable row level security;
create policy totp_secrets_own on totp_secrets to arctiv_app
  using (user_id = (select app_user_id())) with check (user_id = (select app_user_id()));
create policy recovery_codes_own on recovery_codes to arctiv_app
  using (user_id = (select app_user_id())) with check (user_id = (select app_user_id()));
create policy pending_sign_ins_own on pending_sign_ins to arctiv_app
  using (user_id = (select app_user_id())) with check (user_id = (select app_user_id()));
create policy pending_sign_ins_retention on pending_sign_ins to arctiv_retention using (true);
-- Seals secrets anew when keys change.
create policy totp_secrets_worker on totp_secrets to arctiv_worker using (true) with check (true);

grant select, insert, update, delete on totp_secrets to arctiv_app;
grant select, insert, delete on recovery_codes to arctiv_app;
grant update (used_at) on recovery_codes to arctiv_app;
-- Never the hash back.
grant select (id, user_id, created_at, expires_at, consumed_at) on pending_sign_ins to arctiv_app;
grant insert on pending_sign_ins to arctiv_app;
grant update (consumed_at) on pending_sign_ins to arctiv_app;
grant select, delete on pending_sign_ins to arctiv_retention;
grant select (user_id, secret_sealed) on totp_secrets to arctiv_worker;
grant update (secret_sealed) on totp_secrets to arctiv_worker;

-- Whose sign-in waits behind a token, and in which workspace it will be.
create function pending_sign_in(hash bytea, at timestamptz)
  returns table (id uuid, user_id uuid, email text, workspace_id uuid, expires_at timestamptz)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select p.id, p.user_id, u.email, home_workspace(p.user_id), p.expires_at
      from pending_sign_ins p join users u on u.id = p.user_id and u.is_active
     where p.token_hash = pending_sign_in.hash and p.consumed_at is null and p.expires_at > pending_sign_in.at
  $$;
revoke execute on function pending_sign_in(bytea, timestamptz) from public;
grant execute on function pending_sign_in(bytea, timestamptz) to arctiv_app;

-- However the password is replaced: a link for a forgotten one does it without anybody being signed in.
create function end_pending_on_password() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  begin
    update pending_sign_ins p set consumed_at = p.created_at where p.user_id = new.id and p.consumed_at is null;
    return null;
  end
  $$;
create trigger users_password_pending after update of password_hash on users
  for each row when (old.password_hash is distinct from new.password_hash) execute function end_pending_on_password();
