-- Accounts that a post to all active ones could not go to when it went out, and why, as it was then.
create table post_skipped (
  post_version_id uuid not null constraint post_skipped_version_fkey references post_versions (id) on delete cascade,
  account_id uuid not null constraint post_skipped_account_fkey references accounts (id) on delete cascade,
  workspace_id uuid not null constraint post_skipped_workspace_fkey references workspaces (id) on delete cascade,
  reason text not null constraint post_skipped_reason_length check (char_length(reason) between 1 and 500),
  created_at timestamptz not null,
  constraint post_skipped_pkey primary key (post_version_id, account_id)
);
create index post_skipped_account_idx on post_skipped (account_id);
create index post_skipped_workspace_idx on post_skipped (workspace_id);

alter table post_skipped enable row level security;
alter table post_skipped force row level security;
create policy post_skipped_tenant on post_skipped to arctiv_app
  using (workspace_id = (select app_workspace_id())) with check (workspace_id = (select app_workspace_id()));
create policy post_skipped_worker on post_skipped to arctiv_worker using (true) with check (true);
grant select on post_skipped to arctiv_app;
grant select, insert on post_skipped to arctiv_worker;
