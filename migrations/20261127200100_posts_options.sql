-- What is chosen per platform beyond words and media, and texts for single accounts: part of a version, like its words.
alter table post_versions
  -- platform → PostOptions
  add column options jsonb not null default '{}',
  -- account → {body}
  add column variations jsonb not null default '{}',
  -- kept while somebody writes; the next change takes its place instead of standing beside it
  add column autosaved boolean not null default false;

-- A draft that saves itself is rewritten in place. A version that a person has saved never changes, whatever the code tries.
create policy post_versions_keep on post_versions as restrictive for update to arctiv_app using (autosaved) with check (true);
grant update (body, link, overrides, options, variations, autosaved) on post_versions to arctiv_app;
create policy post_media_keep on post_media as restrictive for delete to arctiv_app
  using (exists (select from post_versions v where v.id = post_version_id and v.autosaved));
grant delete on post_media to arctiv_app;
