-- A session that ends, ends what is open under it: event streams hear of it and close.
create function sessions_ended() returns trigger
  language plpgsql
  as $$
  begin
    perform pg_notify('arctiv_sessions', old.id::text);
    return null;
  end $$;
create trigger sessions_ended_update after update of revoked_at on sessions for each row
  when (old.revoked_at is null and new.revoked_at is not null) execute function sessions_ended();
create trigger sessions_ended_delete after delete on sessions for each row
  when (old.revoked_at is null) execute function sessions_ended();
