-- Searching posts. Words are compared without case, accents and punctuation, so that "muller" finds "Müller", and "example" the
-- link "https://harbourpine.example/winter", which PostgreSQL would take for one word. app/domain/src/posts/search.rs does the same
-- to what is searched for.
create function search_words(words text) returns text
  language sql immutable strict parallel safe
  as $$
    select translate(lower(regexp_replace(normalize(words, NFKD), '[\u0300-\u036f]', '', 'g')),
                     '-+/.:;,?!&=#_@%~<>|\*()[]{}"''`^$', repeat(' ', 40))
  $$;

-- The title weighs most, then the text; links, and what single platforms and accounts get, least. Cut where a vector would grow too
-- large.
create function post_search(title text, body text, link text, overrides jsonb, variations jsonb, options jsonb) returns tsvector
  language sql immutable parallel safe
  as $$
    select setweight(to_tsvector('pg_catalog.simple', public.search_words(coalesce(title, ''))), 'A')
        || setweight(to_tsvector('pg_catalog.simple', public.search_words(body)), 'B')
        || setweight(to_tsvector('pg_catalog.simple', public.search_words(left(coalesce(link, '') || ' ' ||
             coalesce((select string_agg(own.value ->> 'body', ' ' order by own.key) from jsonb_each(overrides || variations) own), '') || ' ' ||
             coalesce((select string_agg(chosen.value ->> 'first_comment', ' ' order by chosen.key) from jsonb_each(options) chosen), ''),
             70000))), 'C')
  $$;

-- What people type, once its words are cleaned. `open`: the last word stands for all that begin with it.
create function search_query(words text, open boolean) returns tsquery
  language sql immutable strict parallel safe
  as $$
    select case when open then regexp_replace(websearch_to_tsquery('pg_catalog.simple', words)::text, '''$', ''':*')::tsquery
                else websearch_to_tsquery('pg_catalog.simple', words) end
  $$;

alter table post_versions add column search tsvector
  generated always as (post_search(title, body, link, overrides, variations, options)) stored;
create index post_versions_search_idx on post_versions using gin (search);

-- Row-level security would keep the index from being used: `@@` may only look at rows that a policy has let through. So the owner
-- looks, in the transaction's workspace and nowhere else; what it finds is ids, and whoever asked still sees only their own rows.
create policy post_versions_search on post_versions for select to arctiv_owner using (true);
create function posts_matching(wanted tsquery) returns table (version_id uuid, rank real)
  -- searches are narrow; PostgreSQL would expect a thousand rows, and read all posts to join them
  language sql stable strict security definer rows 50 set search_path = pg_catalog, public
  as $$
    select v.id, ts_rank(v.search, wanted) from post_versions v
     where v.workspace_id = (select app_workspace_id()) and v.search @@ wanted
  $$;
revoke execute on function posts_matching(tsquery) from public;
grant execute on function posts_matching(tsquery) to arctiv_app;

-- Ranges of time: when a post goes or went out, else when it was written.
create index posts_moment_idx on posts (workspace_id, (coalesce(publishes_at, created_at)), id) where deleted_at is null;
create index posts_workspace_author_idx on posts (workspace_id, author_id) where deleted_at is null;
