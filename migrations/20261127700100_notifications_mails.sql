-- Letters to people: written in the transaction of what they tell of, so that they exist exactly if that has happened, and sent by a
-- job. They hold no secret: links are made when a letter is sent. Kept for 30 days, so that an operator can see what became of one.
create type mail_status as enum ('waiting', 'sent', 'failed');

create table mails (
  id uuid constraint mails_pkey primary key,
  recipient text not null constraint mails_recipient_length check (char_length(recipient) between 3 and 254),
  letter jsonb not null,
  status mail_status not null default 'waiting',
  attempts smallint not null default 0 constraint mails_attempts_range check (attempts between 0 and 10),
  last_error text constraint mails_last_error_length check (char_length(last_error) <= 1000),
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint mails_finished check ((status = 'waiting') = (finished_at is null))
);
create index mails_age_idx on mails (created_at);
create index mails_recipient_idx on mails (recipient, created_at desc);

-- The web writes letters and never reads one.
alter table mails enable row level security;
create policy mails_write on mails for insert to arctiv_app with check (status = 'waiting' and attempts = 0);
create policy mails_worker on mails to arctiv_worker using (true) with check (true);
create policy mails_retention on mails to arctiv_retention using (true);
grant insert on mails to arctiv_app;
grant select, insert on mails to arctiv_worker;
grant update (status, attempts, last_error, finished_at) on mails to arctiv_worker;
grant select, delete on mails to arctiv_retention;
