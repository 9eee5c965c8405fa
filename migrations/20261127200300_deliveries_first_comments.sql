create type comment_status as enum ('pending', 'writing', 'written', 'failed', 'unclear');

-- The first comment below a post that is out. Its fate is its own: the delivery has succeeded whatever becomes of it.
create table first_comments (
  delivery_id uuid constraint first_comments_pkey primary key
    constraint first_comments_delivery_fkey references deliveries (id) on delete cascade,
  workspace_id uuid not null constraint first_comments_workspace_fkey references workspaces (id) on delete cascade,
  body text not null constraint first_comments_body_length check (char_length(body) between 1 and 8000),
  status comment_status not null default 'pending',
  attempts integer not null default 0,
  -- set before the one call is made: whoever finds it set and no answer does not call again
  started_at timestamptz,
  last_error text,
  external_id text,
  written_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint first_comments_written_has_moment check ((status = 'written') = (written_at is not null))
);
create index first_comments_workspace_idx on first_comments (workspace_id);
create trigger first_comments_updated_at before update on first_comments for each row execute function set_updated_at();

-- Open pages hear of it as of a change of its delivery.
create function first_comments_live() returns trigger
  language plpgsql
  as $$
  begin
    insert into live_events (workspace_id, event)
      select d.workspace_id, jsonb_build_object('type', 'delivery.updated', 'delivery_id', d.id, 'content_id', d.post_id,
                                                'account_id', d.account_id, 'status', d.status)
        from deliveries d where d.id = new.delivery_id;
    return null;
  end $$;
create trigger first_comments_live after update of status on first_comments for each row
  when (old.status is distinct from new.status) execute function first_comments_live();

alter table first_comments enable row level security;
alter table first_comments force row level security;
create policy first_comments_tenant on first_comments to arctiv_app
  using (workspace_id = (select app_workspace_id())) with check (workspace_id = (select app_workspace_id()));
create policy first_comments_worker on first_comments to arctiv_worker using (true) with check (true);
grant select on first_comments to arctiv_app;
-- The web may let a failed one be written once more.
grant update (status, attempts, started_at, last_error, updated_at) on first_comments to arctiv_app;
grant select, insert, update on first_comments to arctiv_worker;
