-- What open pages are told. Numbered, so that a browser that lost its connection catches up; kept for an hour.
create table live_events (
  id bigint generated always as identity constraint live_events_pkey primary key,
  workspace_id uuid not null constraint live_events_workspace_fkey references workspaces (id) on delete cascade,
  event jsonb not null,
  created_at timestamptz not null default clock_timestamp()
);
create index live_events_workspace_idx on live_events (workspace_id, id);
create index live_events_age_idx on live_events (created_at);

alter table live_events enable row level security;
alter table live_events force row level security;
create policy live_events_tenant on live_events to arctiv_app
  using (workspace_id = (select app_workspace_id())) with check (workspace_id = (select app_workspace_id()));
create policy live_events_worker on live_events to arctiv_worker using (true) with check (true);
create policy live_events_retention on live_events to arctiv_retention using (true);
grant select, insert on live_events to arctiv_app, arctiv_worker;
grant select, delete on live_events to arctiv_retention;

create function live_events_notify() returns trigger
  language plpgsql
  as $$
  begin
    perform pg_notify('arctiv_live', json_build_object('id', new.id, 'workspace_id', new.workspace_id, 'event', new.event)::text);
    return null;
  end $$;
create trigger live_events_notify after insert on live_events for each row execute function live_events_notify();

-- Whatever process changes a status, the open pages hear of it.
create function deliveries_live() returns trigger
  language plpgsql
  as $$
  begin
    insert into live_events (workspace_id, event) values (new.workspace_id, jsonb_build_object(
      'type', 'delivery.updated', 'delivery_id', new.id, 'content_id', new.post_id, 'account_id', new.account_id, 'status', new.status));
    return null;
  end $$;
create trigger deliveries_live_insert after insert on deliveries for each row execute function deliveries_live();
create trigger deliveries_live_update after update of status on deliveries for each row
  when (old.status is distinct from new.status) execute function deliveries_live();

create function posts_live() returns trigger
  language plpgsql
  as $$
  begin
    insert into live_events (workspace_id, event) values (new.workspace_id, jsonb_build_object(
      'type', 'post.updated', 'content_id', new.id, 'status', new.status));
    return null;
  end $$;
create trigger posts_live_insert after insert on posts for each row execute function posts_live();
create trigger posts_live_update after update of status, current_version, deleted_at on posts for each row execute function posts_live();

create function accounts_live() returns trigger
  language plpgsql
  as $$
  begin
    insert into live_events (workspace_id, event) values (new.workspace_id, jsonb_build_object(
      'type', 'account.status', 'account_id', new.id, 'status', new.status));
    return null;
  end $$;
create trigger accounts_live_insert after insert on accounts for each row execute function accounts_live();
create trigger accounts_live_update after update of status, is_active, display_name, token_expires_at, last_synced_at on accounts for each row
  when (old.status is distinct from new.status or old.is_active is distinct from new.is_active
        or old.display_name is distinct from new.display_name or old.last_synced_at is distinct from new.last_synced_at)
  execute function accounts_live();
