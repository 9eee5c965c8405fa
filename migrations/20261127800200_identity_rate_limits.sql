-- How much of each limit is used up: one row per limit and whoever it binds, by the generic cell rate algorithm. A row says when all
-- of its limit will be there again; each request moves that moment on by its share of a minute, and is refused if that would put it
-- more than a minute ahead. Nothing here is worth a write-ahead log: a crash of the database forgives everybody once.
create unlogged table rate_limits (
  key text constraint rate_limits_pkey primary key constraint rate_limits_key_length check (char_length(key) <= 120),
  full_at timestamptz not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- Takes one from every limit in `keys`, in that order (callers sort them, so that no two wait for each other), or from none: then
-- the first that refuses is named. Else the one with the least left. One statement and one round trip, exact under any number of
-- processes, since whoever takes from a limit holds its row.
create function rate_limit_take(keys text[], per_minute integer[], at timestamptz)
  returns table (place integer, allowed boolean, remaining integer, full_again timestamptz, next_at timestamptz)
  language plpgsql volatile security definer set search_path = pg_catalog, public
  as $$
  #variable_conflict use_column
  declare
    whole constant interval := interval '1 minute';
    share interval;
    moved timestamptz;
    rest integer;
  begin
    for i in 1 .. cardinality(keys) loop
      -- rounded down, so that the whole fits
      share := (60000000 / per_minute[i]) * interval '1 microsecond';
      insert into rate_limits as r (key, full_at) values (keys[i], at + share)
        on conflict on constraint rate_limits_pkey do update set full_at = greatest(r.full_at, at) + share
         where greatest(r.full_at, at) + share <= at + whole
        returning r.full_at into moved;
      if not found then
        select r.full_at into moved from rate_limits r where r.key = keys[i];
        for j in 1 .. i - 1 loop
          update rate_limits r set full_at = r.full_at - (60000000 / per_minute[j]) * interval '1 microsecond' where r.key = keys[j];
        end loop;
        return query select i, false, 0, moved, moved + share - whole;
        return;
      end if;
      rest := floor(extract(epoch from at + whole - moved) / extract(epoch from share));
      if remaining is null or rest < remaining then
        place := i;
        allowed := true;
        remaining := rest;
        full_again := moved;
        next_at := at;
      end if;
    end loop;
    return next;
  end
  $$;
revoke execute on function rate_limit_take(text[], integer[], timestamptz) from public;
grant execute on function rate_limit_take(text[], integer[], timestamptz) to arctiv_app;
grant select, delete on rate_limits to arctiv_retention;
