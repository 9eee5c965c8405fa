-- Signing in by way of an OpenID Connect provider: who somebody is there, and sign-ins that are under way.

create table user_identities (
  id uuid constraint user_identities_pkey primary key,
  user_id uuid not null constraint user_identities_user_fkey references users (id) on delete cascade,
  issuer text not null constraint user_identities_issuer_length check (char_length(issuer) between 1 and 500),
  -- the provider's own id of the person
  subject text not null constraint user_identities_subject_length check (char_length(subject) between 1 and 255),
  created_at timestamptz not null,
  last_used_at timestamptz not null,
  constraint user_identities_subject_key unique (issuer, subject)
);
create index user_identities_user_idx on user_identities (user_id);

create table oidc_states (
  id uuid constraint oidc_states_pkey primary key,
  -- SHA-256 of the state in the URL, and of what the browser that began keeps in a cookie
  state_hash bytea not null constraint oidc_states_state_key unique constraint oidc_states_state_length check (octet_length(state_hash) = 32),
  browser_hash bytea not null constraint oidc_states_browser_length check (octet_length(browser_hash) = 32),
  return_to text constraint oidc_states_return_length check (char_length(return_to) <= 2000),
  -- of the workspace, should the person turn out to be new
  kind workspace_kind not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  consumed_at timestamptz
);
create index oidc_states_expiry_idx on oidc_states (expires_at);

alter table user_identities enable row level security;
alter table oidc_states enable row level security;
create policy user_identities_own on user_identities to arctiv_app
  using (user_id = (select app_user_id())) with check (user_id = (select app_user_id()));
create policy oidc_states_begin on oidc_states for insert to arctiv_app with check (true);
create policy oidc_states_retention on oidc_states to arctiv_retention using (true);

grant select, insert on user_identities to arctiv_app;
grant update (last_used_at) on user_identities to arctiv_app;
-- Begun by anybody; ended by the function below only.
grant insert on oidc_states to arctiv_app;
grant select, delete on oidc_states to arctiv_retention;

-- Uses up a sign-in for the browser that began it. Of two callbacks at once one gets it.
create function oidc_consume(state bytea, browser bytea, at timestamptz) returns table (return_to text, kind workspace_kind)
  language plpgsql volatile security definer set search_path = pg_catalog, public
  as $$
  #variable_conflict use_column
  begin
    return query
    update oidc_states s set consumed_at = oidc_consume.at
     where s.state_hash = oidc_consume.state and s.browser_hash = oidc_consume.browser and s.consumed_at is null
       and s.expires_at > oidc_consume.at
    returning s.return_to, s.kind;
  end
  $$;

-- Whom a provider means: whoever it was linked to, or else whoever has the address.
create function oidc_person(of_issuer text, of_subject text, of_email text)
  returns table (user_id uuid, linked boolean, elsewhere boolean, is_active boolean, confirmed boolean, workspace_id uuid)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select u.id, i.id is not null,
           -- as somebody else of the same provider: an address that was given to another person opens nothing
           exists (select from user_identities o where o.user_id = u.id and o.issuer = oidc_person.of_issuer),
           u.is_active, u.email_confirmed_at is not null,
           (select m.workspace_id from memberships m where m.user_id = u.id and m.disabled_at is null order by m.created_at, m.id limit 1)
      from users u
      left join user_identities i on i.user_id = u.id and i.issuer = oidc_person.of_issuer and i.subject = oidc_person.of_subject
     where i.id is not null
        or (u.email = oidc_person.of_email
            and not exists (select from user_identities o where o.issuer = oidc_person.of_issuer and o.subject = oidc_person.of_subject))
  $$;

-- A provider has made sure that a new person's address is theirs.
create function oidc_confirm(at timestamptz) returns void
  language sql volatile security definer set search_path = pg_catalog, public
  as $$ update users u set email_confirmed_at = oidc_confirm.at where u.id = app_user_id() and u.email_confirmed_at is null $$;

revoke execute on function oidc_consume(bytea, bytea, timestamptz), oidc_person(text, text, text), oidc_confirm(timestamptz) from public;
grant execute on function oidc_consume(bytea, bytea, timestamptz), oidc_person(text, text, text), oidc_confirm(timestamptz) to arctiv_app;
