-- How much an account may still publish, as its platform last said. Asking takes a token, so the worker asks; the web notes that somebody
-- wants to know.
create table publishing_quotas (
  account_id uuid constraint publishing_quotas_pkey primary key
    constraint publishing_quotas_account_fkey references accounts (id) on delete cascade,
  workspace_id uuid not null constraint publishing_quotas_workspace_fkey references workspaces (id) on delete cascade,
  -- when somebody last wanted to know
  asked_at timestamptz not null,
  -- when that was last answered, well or not
  answered_at timestamptz,
  quota jsonb,
  -- when the platform said so
  quota_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint publishing_quotas_have_moment check ((quota is null) = (quota_at is null))
);
create index publishing_quotas_workspace_idx on publishing_quotas (workspace_id);
create trigger publishing_quotas_updated_at before update on publishing_quotas for each row execute function set_updated_at();

alter table publishing_quotas enable row level security;
alter table publishing_quotas force row level security;
create policy publishing_quotas_tenant on publishing_quotas to arctiv_app
  using (workspace_id = (select app_workspace_id())) with check (workspace_id = (select app_workspace_id()));
create policy publishing_quotas_worker on publishing_quotas to arctiv_worker using (true) with check (true);
grant select, insert on publishing_quotas to arctiv_app;
grant update (asked_at, updated_at) on publishing_quotas to arctiv_app;
grant select on publishing_quotas to arctiv_worker;
grant update (answered_at, quota, quota_at, updated_at) on publishing_quotas to arctiv_worker;
