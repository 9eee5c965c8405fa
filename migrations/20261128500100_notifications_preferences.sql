-- Which letters somebody gets about what happens in a workspace: on, unless there is a row that says otherwise. It goes with the
-- membership.
create table notification_preferences (
  workspace_id uuid not null,
  user_id uuid not null,
  -- a word of domain::notifications::NotificationEvent
  event text not null constraint notification_preferences_event_form check (event ~ '^[a-z_]{1,40}$'),
  email boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint notification_preferences_pkey primary key (workspace_id, user_id, event),
  constraint notification_preferences_member_fkey foreign key (workspace_id, user_id)
    references memberships (workspace_id, user_id) on delete cascade
);
create trigger notification_preferences_updated_at before update on notification_preferences for each row execute function set_updated_at();

-- What is still to be told. Written in the transaction of what happened; a job takes what there is and writes one letter of it to
-- each person, in one transaction, so that nothing is told twice.
create table notices_waiting (
  id uuid constraint notices_waiting_pkey primary key,
  workspace_id uuid not null constraint notices_waiting_workspace_fkey references workspaces (id) on delete cascade,
  event text not null constraint notices_waiting_event_form check (event ~ '^[a-z_]{1,40}$'),
  -- the post, account, person or webhook
  subject_id uuid not null,
  created_at timestamptz not null
);
create index notices_waiting_event_idx on notices_waiting (workspace_id, event, created_at);

alter table notification_preferences enable row level security;
alter table notification_preferences force row level security;
alter table notices_waiting enable row level security;
alter table notices_waiting force row level security;

-- Everybody their own.
create policy notification_preferences_own on notification_preferences to arctiv_app
  using (workspace_id = (select app_workspace_id()) and user_id = (select app_user_id()))
  with check (workspace_id = (select app_workspace_id()) and user_id = (select app_user_id()));
create policy notification_preferences_worker on notification_preferences for select to arctiv_worker using (true);
create policy notices_waiting_tenant on notices_waiting for insert to arctiv_app with check (workspace_id = (select app_workspace_id()));
create policy notices_waiting_worker on notices_waiting to arctiv_worker using (true) with check (true);

grant select, insert on notification_preferences to arctiv_app;
grant update (email, updated_at) on notification_preferences to arctiv_app;
grant select on notification_preferences to arctiv_worker;
grant insert on notices_waiting to arctiv_app;
grant select, insert, delete on notices_waiting to arctiv_worker;
