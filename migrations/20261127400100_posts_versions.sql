-- A version tells what it was for: its title, when and to whom it was to go out, and the one it brought back. Versions from
-- before have no visibility, which means that nobody knows.
alter table post_versions
  add column title text constraint post_versions_title_length check (char_length(title) <= 200),
  add column visibility post_visibility,
  add column scheduled_local timestamp,
  add column time_zone text,
  -- the chosen accounts; null: all active ones
  add column account_ids uuid[],
  add column restored_from integer constraint post_versions_restored_from_earlier check (restored_from between 1 and number - 1);

-- Of the current ones the post still says it. The schema's owner sees rows only where row-level security is not forced, which it
-- is again before anybody else can look.
alter table posts no force row level security;
alter table post_versions no force row level security;
alter table post_targets no force row level security;
update post_versions v
   set title = p.title, visibility = p.visibility, scheduled_local = p.scheduled_local, time_zone = p.time_zone,
       account_ids = case when p.chosen_accounts
         then array(select t.account_id from post_targets t where t.post_id = p.id order by t.account_id) end
  from posts p
 where v.post_id = p.id and v.number = p.current_version;
alter table posts force row level security;
alter table post_versions force row level security;
alter table post_targets force row level security;

-- A draft that saves itself is rewritten in place, with all that it tells.
grant update (title, visibility, scheduled_local, time_zone, account_ids) on post_versions to arctiv_app;
