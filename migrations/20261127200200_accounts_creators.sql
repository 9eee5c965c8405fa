-- What a creator may choose for a post, as the platform last said. Asking takes a token, so the worker asks; the web
-- notes that somebody wants to know.
create table creator_choices (
  account_id uuid constraint creator_choices_pkey primary key
    constraint creator_choices_account_fkey references accounts (id) on delete cascade,
  workspace_id uuid not null constraint creator_choices_workspace_fkey references workspaces (id) on delete cascade,
  -- when somebody last wanted to know
  asked_at timestamptz not null,
  -- when that was last answered, well or not
  answered_at timestamptz,
  choices jsonb,
  choices_at timestamptz,
  problem text constraint creator_choices_problem_length check (char_length(problem) <= 1000),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint creator_choices_have_moment check ((choices is null) = (choices_at is null))
);
create index creator_choices_workspace_idx on creator_choices (workspace_id);
create trigger creator_choices_updated_at before update on creator_choices for each row execute function set_updated_at();

alter table creator_choices enable row level security;
alter table creator_choices force row level security;
create policy creator_choices_tenant on creator_choices to arctiv_app
  using (workspace_id = (select app_workspace_id())) with check (workspace_id = (select app_workspace_id()));
create policy creator_choices_worker on creator_choices to arctiv_worker using (true) with check (true);
grant select, insert on creator_choices to arctiv_app;
grant update (asked_at, updated_at) on creator_choices to arctiv_app;
grant select on creator_choices to arctiv_worker;
grant update (answered_at, choices, choices_at, problem, updated_at) on creator_choices to arctiv_worker;
