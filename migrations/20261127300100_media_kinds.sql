-- Videos and documents beside pictures, what is known of each, and tags. A program from before goes on as it did: what
-- it writes is a picture, and what it reads of one has not changed.
alter table media
  add column duration_ms integer,
  add column video_codec text,
  add column audio_codec text,
  add column frame_rate double precision,
  add column pages integer,
  add column tags text[] not null default '{}';

alter table media
  drop constraint media_content_type_known,
  alter column width drop not null,
  alter column height drop not null,
  alter column thumbnail_key drop not null;

alter table media
  add constraint media_content_type_taken check (content_type in (
    'image/jpeg', 'image/png', 'image/webp', 'image/gif',
    'video/mp4', 'video/quicktime', 'video/webm',
    'application/pdf', 'application/msword', 'application/vnd.ms-powerpoint',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'application/vnd.openxmlformats-officedocument.presentationml.presentation')) not valid,
  add constraint media_measured check (content_type like 'application/%' or (width is not null and height is not null)) not valid,
  add constraint media_thumbnail_of_picture check (content_type not like 'image/%' or thumbnail_key is not null) not valid,
  add constraint media_video_known check ((content_type like 'video/%') = (duration_ms is not null and video_codec is not null)) not valid,
  add constraint media_duration_positive check (duration_ms > 0) not valid,
  add constraint media_pages_positive check (pages > 0) not valid,
  add constraint media_frame_rate_positive check (frame_rate > 0) not valid,
  add constraint media_tags_few check (cardinality(tags) <= 20) not valid;
alter table media validate constraint media_content_type_taken;
alter table media validate constraint media_measured;
alter table media validate constraint media_thumbnail_of_picture;
alter table media validate constraint media_video_known;
alter table media validate constraint media_duration_positive;
alter table media validate constraint media_pages_positive;
alter table media validate constraint media_frame_rate_positive;
alter table media validate constraint media_tags_few;

create index media_tags_idx on media using gin (tags) where deleted_at is null;
