-- The queue: weekly times at which posts go out.
create table queue_slots (
  id uuid constraint queue_slots_pkey primary key,
  workspace_id uuid not null constraint queue_slots_workspace_fkey references workspaces (id) on delete cascade,
  -- whose it is; null: the workspace's
  account_id uuid constraint queue_slots_account_fkey references accounts (id) on delete cascade,
  -- ISO 8601: 1 is Monday
  weekday smallint not null constraint queue_slots_weekday_range check (weekday between 1 and 7),
  time_of_day time not null,
  time_zone text not null constraint queue_slots_time_zone_length check (char_length(time_zone) between 1 and 64),
  created_at timestamptz not null,
  constraint queue_slots_once unique nulls not distinct (workspace_id, account_id, weekday, time_of_day, time_zone)
);
create index queue_slots_account_idx on queue_slots (account_id);

-- A post that has taken a slot's turn. Two posts saved at once cannot take the same one: the second waits here for the first, and
-- then takes the next.
create table queue_bookings (
  -- written before the post itself, whose time it says
  post_id uuid constraint queue_bookings_pkey primary key
    constraint queue_bookings_post_fkey references posts (id) on delete cascade deferrable initially deferred,
  workspace_id uuid not null constraint queue_bookings_workspace_fkey references workspaces (id) on delete cascade,
  account_id uuid constraint queue_bookings_account_fkey references accounts (id) on delete cascade,
  at timestamptz not null,
  created_at timestamptz not null,
  constraint queue_bookings_once unique nulls not distinct (workspace_id, account_id, at)
);
create index queue_bookings_account_idx on queue_bookings (account_id);

do $$
declare t text;
begin
  foreach t in array array['queue_slots', 'queue_bookings'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy %I on %I to arctiv_app using (workspace_id = (select app_workspace_id())) with check (workspace_id = (select app_workspace_id()))', t || '_tenant', t);
    execute format('create policy %I on %I to arctiv_worker using (true) with check (true)', t || '_worker', t);
  end loop;
end $$;

grant select, insert, delete on queue_slots, queue_bookings to arctiv_app;
