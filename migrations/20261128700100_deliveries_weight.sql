-- A delivery's row is written four times on its way (made, claimed, marked, ended), and every index and check of the table each
-- time; so there are as few of them as say the same.

-- A version reaches an account at most once, said of the two columns themselves. Also what deleting a version looks for.
alter table deliveries add constraint deliveries_version_account_key unique (post_version_id, account_id);
drop index deliveries_post_version_idx;
alter table deliveries drop column idempotency_key;

-- One check where there were three, and a stricter one: a delivery's version, post and workspace belong together.
alter table post_versions add constraint post_versions_whole_key unique (id, post_id, workspace_id);
alter table deliveries
  add constraint deliveries_version_of_post_fkey foreign key (post_version_id, post_id, workspace_id)
    references post_versions (id, post_id, workspace_id) on delete cascade,
  drop constraint deliveries_post_version_fkey,
  drop constraint deliveries_post_fkey,
  drop constraint deliveries_workspace_fkey;
-- An attempt goes with its delivery.
alter table delivery_attempts drop constraint delivery_attempts_workspace_fkey;
drop index delivery_attempts_workspace_idx;

-- What workers hold is few rows, and none of its columns changes before the end: marks and renewed leases are written in place.
create index deliveries_publishing_idx on deliveries (workspace_id, account_id) where status = 'publishing';
drop index deliveries_lease_idx;
-- What waits for an account, and until when.
create index deliveries_account_waiting_idx on deliveries (account_id, next_attempt_at, id) where status in ('pending', 'retried');
drop index deliveries_account_open_idx;
alter table deliveries set (fillfactor = 75);

-- Live events are kept for an hour; of a workspace that is gone nobody can read any.
alter table live_events drop constraint live_events_workspace_fkey;
alter table live_events drop constraint live_events_pkey, add constraint live_events_pkey primary key (workspace_id, id);
drop index live_events_workspace_idx;
drop index live_events_age_idx;
create index live_events_age_idx on live_events using brin (created_at);

-- Announced in one list for all rows of a statement; a payload holds up to 8,000 bytes, and an event is below 400.
drop trigger live_events_notify on live_events;
create or replace function live_events_notify() returns trigger
  language plpgsql
  as $$
  begin
    perform pg_notify('arctiv_live', json_agg(json_build_object('id', n.id, 'workspace_id', n.workspace_id, 'event', n.event) order by n.id)::text)
       from (select made.*, (row_number() over (order by made.id) - 1) / 16 as part from made) n
      group by n.part order by n.part;
    return null;
  end $$;
create trigger live_events_notify after insert on live_events referencing new table as made
  for each statement execute function live_events_notify();

create function deliveries_live_made() returns trigger
  language plpgsql
  as $$
  begin
    insert into live_events (workspace_id, event)
      select m.workspace_id, jsonb_build_object('type', 'delivery.updated', 'delivery_id', m.id, 'content_id', m.post_id,
                                                'account_id', m.account_id, 'status', m.status)
        from made m;
    return null;
  end $$;
create function deliveries_live_changed() returns trigger
  language plpgsql
  as $$
  begin
    insert into live_events (workspace_id, event)
      select n.workspace_id, jsonb_build_object('type', 'delivery.updated', 'delivery_id', n.id, 'content_id', n.post_id,
                                                'account_id', n.account_id, 'status', n.status)
        from now_is n join was w on w.id = n.id
       where w.status is distinct from n.status;
    return null;
  end $$;
drop trigger deliveries_live_insert on deliveries;
drop trigger deliveries_live_update on deliveries;
create trigger deliveries_live_insert after insert on deliveries referencing new table as made
  for each statement execute function deliveries_live_made();
create trigger deliveries_live_update after update on deliveries referencing old table as was new table as now_is
  for each statement execute function deliveries_live_changed();
drop function deliveries_live();
