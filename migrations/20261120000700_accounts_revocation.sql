-- What a token's life needs beyond the token itself, and room for the job library.

-- The platform's id of the person behind an account. Giving one account back may take all of that person's with it.
alter table accounts add column grantor text not null default '';
create index accounts_grantor_idx on accounts (platform, grantor) where status <> 'disconnected';

alter table account_credentials
  -- Unlinked: nothing opens this row any more but the job that gives the access back and then deletes it.
  add column revoke_requested_at timestamptz,
  -- Renewals that failed in a row, and when the next one makes sense.
  add column refresh_failures smallint not null default 0,
  add column refresh_retry_at timestamptz,
  -- The platform refused a call; whether access is gone is being asked once more.
  add column doubted_at timestamptz;
create index account_credentials_revocation_idx on account_credentials (revoke_requested_at) where revoke_requested_at is not null;

-- Unlinking marks; connecting again takes the mark away, and starts with a clean record.
grant update (revoke_requested_at, refresh_failures, refresh_retry_at, doubted_at) on account_credentials to arctiv_app;

-- The job library keeps its tables in a schema of its own, under the worker's role.
do $$ begin
  execute format('grant create on database %I to arctiv_worker', current_database());
end $$;
