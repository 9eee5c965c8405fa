-- Who wanted to be forgotten, as platforms tell us, and that it was done. Belongs to no workspace, and keeps nothing of
-- the person but a hash by which the same request is known again.
create table data_deletions (
  code text constraint data_deletions_pkey primary key
    constraint data_deletions_code_length check (char_length(code) between 20 and 64),
  platform platform not null,
  person_hash bytea not null constraint data_deletions_person_hash_length check (octet_length(person_hash) = 32),
  -- as the platform signed it
  requested_at timestamptz not null,
  created_at timestamptz not null,
  completed_at timestamptz,
  constraint data_deletions_request_key unique (platform, person_hash, requested_at)
);
grant select, insert on data_deletions to arctiv_app;
grant select on data_deletions to arctiv_worker;
grant update (completed_at) on data_deletions to arctiv_worker;
-- A person's accounts, unlinked ones too.
create index accounts_granted_by_idx on accounts (platform, grantor) where grantor <> '';
