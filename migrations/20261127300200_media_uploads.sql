-- Files that come in pieces: the upload, and where each of its pieces lies until it is whole.
create table media_uploads (
  id uuid constraint media_uploads_pkey primary key,
  workspace_id uuid not null constraint media_uploads_workspace_fkey references workspaces (id) on delete cascade,
  file_name text not null constraint media_uploads_file_name_length check (char_length(file_name) <= 400),
  alt_text text constraint media_uploads_alt_text_length check (char_length(alt_text) between 1 and 1000),
  bytes bigint not null constraint media_uploads_bytes_positive check (bytes > 0),
  received bigint not null default 0,
  status text not null default 'receiving' constraint media_uploads_status_known check (status in ('receiving', 'inspecting', 'ready', 'refused')),
  media_id uuid constraint media_uploads_media_fkey references media (id) on delete cascade,
  duplicate boolean not null default false,
  refusal text,
  created_by uuid constraint media_uploads_created_by_fkey references users (id) on delete set null,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint media_uploads_received_range check (received between 0 and bytes),
  constraint media_uploads_whole check (status in ('receiving', 'refused') or received = bytes),
  constraint media_uploads_ready check ((status = 'ready') = (media_id is not null)),
  constraint media_uploads_refused check ((status = 'refused') = (refusal is not null))
);
create index media_uploads_workspace_idx on media_uploads (workspace_id) where status in ('receiving', 'inspecting');
create index media_uploads_expiry_idx on media_uploads (expires_at);
create index media_uploads_media_idx on media_uploads (media_id);
create index media_uploads_created_by_idx on media_uploads (created_by);
create trigger media_uploads_updated_at before update on media_uploads for each row execute function set_updated_at();

create table media_upload_parts (
  upload_id uuid not null constraint media_upload_parts_upload_fkey references media_uploads (id) on delete cascade,
  start bigint not null constraint media_upload_parts_start_range check (start >= 0),
  workspace_id uuid not null constraint media_upload_parts_workspace_fkey references workspaces (id) on delete cascade,
  bytes bigint not null constraint media_upload_parts_bytes_positive check (bytes > 0),
  storage_key text not null,
  created_at timestamptz not null,
  constraint media_upload_parts_pkey primary key (upload_id, start)
);
create index media_upload_parts_workspace_idx on media_upload_parts (workspace_id);

-- Pictures as platforms take them: each made once by its recipe.
create table media_copies (
  media_id uuid not null constraint media_copies_media_fkey references media (id) on delete cascade,
  recipe text not null constraint media_copies_recipe_length check (char_length(recipe) between 1 and 80),
  workspace_id uuid not null constraint media_copies_workspace_fkey references workspaces (id) on delete cascade,
  content_type text not null constraint media_copies_content_type_known check (content_type in ('image/jpeg', 'image/png')),
  bytes bigint not null constraint media_copies_bytes_positive check (bytes > 0),
  width integer not null constraint media_copies_width_positive check (width > 0),
  height integer not null constraint media_copies_height_positive check (height > 0),
  storage_key text not null,
  created_at timestamptz not null,
  constraint media_copies_pkey primary key (media_id, recipe)
);
create index media_copies_workspace_idx on media_copies (workspace_id);

do $$
declare tenant_table text;
begin
  foreach tenant_table in array array['media_uploads', 'media_upload_parts', 'media_copies'] loop
    execute format('alter table %I enable row level security', tenant_table);
    execute format('alter table %I force row level security', tenant_table);
    execute format('create policy %I on %I to arctiv_app using (workspace_id = (select app_workspace_id())) with check (workspace_id = (select app_workspace_id()))',
      tenant_table || '_tenant', tenant_table);
    execute format('create policy %I on %I to arctiv_worker using (true) with check (true)', tenant_table || '_worker', tenant_table);
  end loop;
end $$;
grant select, insert, update, delete on media_uploads to arctiv_app;
grant select, insert, delete on media_upload_parts to arctiv_app;
grant select, update, delete on media_uploads to arctiv_worker;
grant select, delete on media_upload_parts to arctiv_worker;
grant select on media_copies to arctiv_app;
grant select, insert, delete on media_copies to arctiv_worker;
-- What has arrived whole becomes an asset in the background.
grant insert, update on media to arctiv_worker;

-- A signed URL is its own proof, also for a copy.
create function media_copy_location(of_media uuid, of_recipe text)
  returns table (content_type text, storage_key text, bytes bigint)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select c.content_type, c.storage_key, c.bytes from media_copies c join media m on m.id = c.media_id
     where c.media_id = of_media and c.recipe = of_recipe
  $$;
create policy media_copies_signed on media_copies for select to arctiv_owner using (true);
revoke execute on function media_copy_location(uuid, text) from public;
grant execute on function media_copy_location(uuid, text) to arctiv_app;
