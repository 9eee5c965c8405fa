create table media (
  id uuid constraint media_pkey primary key,
  workspace_id uuid not null constraint media_workspace_fkey references workspaces (id) on delete cascade,
  sha256 bytea not null constraint media_sha256_length check (octet_length(sha256) = 32),
  file_name text not null constraint media_file_name_length check (char_length(file_name) between 1 and 200),
  content_type text not null constraint media_content_type_known check (content_type in ('image/jpeg', 'image/png', 'image/webp', 'image/gif')),
  bytes bigint not null constraint media_bytes_positive check (bytes > 0),
  width integer not null constraint media_width_positive check (width > 0),
  height integer not null constraint media_height_positive check (height > 0),
  alt_text text constraint media_alt_text_length check (char_length(alt_text) between 1 and 1000),
  storage_key text not null,
  thumbnail_key text not null,
  created_by uuid constraint media_created_by_fkey references users (id) on delete set null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);
create unique index media_workspace_sha256_key on media (workspace_id, sha256) where deleted_at is null;
create index media_list_idx on media (workspace_id, created_at desc, id desc) where deleted_at is null;
create index media_created_by_idx on media (created_by);
create trigger media_updated_at before update on media for each row execute function set_updated_at();

alter table media enable row level security;
alter table media force row level security;
create policy media_tenant on media to arctiv_app
  using (workspace_id = (select app_workspace_id())) with check (workspace_id = (select app_workspace_id()));
create policy media_worker on media to arctiv_worker using (true) with check (true);
grant select, insert, update on media to arctiv_app;
grant select on media to arctiv_worker;

-- A signed URL is its own proof: the one place that finds a picture without a workspace.
create function media_location(of_media uuid)
  returns table (content_type text, storage_key text, thumbnail_key text)
  language sql stable security definer set search_path = pg_catalog, public
  as $$ select m.content_type, m.storage_key, m.thumbnail_key from media m where m.id = of_media and m.deleted_at is null $$;
create policy media_signed on media for select to arctiv_owner using (true);
revoke execute on function media_location(uuid) from public;
grant execute on function media_location(uuid) to arctiv_app;
