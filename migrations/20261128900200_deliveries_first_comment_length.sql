-- On X a first comment is a post, and accounts that pay for it write longer ones.
alter table first_comments
  drop constraint first_comments_body_length,
  add constraint first_comments_body_length check (char_length(body) between 1 and 25000) not valid;
alter table first_comments validate constraint first_comments_body_length;
