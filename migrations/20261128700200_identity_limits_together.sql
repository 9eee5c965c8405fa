-- Requests of one person that come at the same moment take from their limits together: one turn at rows that all of them want.
-- `taken` of `times` got one from every bucket, the rest none. What is told of either: the bucket with the least left for those that
-- got one, and the bucket that refused for the others.
drop function rate_limit_take(text[], integer[], timestamptz);
create function rate_limit_take(keys text[], per_minute integer[], times integer, at timestamptz)
  returns table (taken integer, place integer, remaining integer, full_again timestamptz,
                 refused_by integer, refused_full_again timestamptz, next_at timestamptz)
  language plpgsql volatile security definer set search_path = pg_catalog, public
  as $$
  #variable_conflict use_column
  declare
    whole constant interval := interval '1 minute';
    shares interval[];
    share interval;
    moved timestamptz;
    moves timestamptz[];
    fits integer;
    rest integer;
  begin
    taken := times;
    for i in 1 .. cardinality(keys) loop
      -- rounded down, so that the whole fits
      share := (60000000 / per_minute[i]) * interval '1 microsecond';
      shares[i] := share;
      insert into rate_limits as r (key, full_at) values (keys[i], at + taken * share)
        on conflict on constraint rate_limits_pkey do update set full_at = greatest(r.full_at, at) + taken * share
         where greatest(r.full_at, at) + taken * share <= at + whole
        returning r.full_at into moved;
      -- A row that is not there yet has room for a minute's worth.
      if not found or moved > at + whole then
        if found then
          moved := at;
        else
          select r.full_at into moved from rate_limits r where r.key = keys[i];
        end if;
        fits := greatest(floor(extract(epoch from at + whole - greatest(moved, at)) / extract(epoch from share)), 0);
        refused_by := i;
        refused_full_again := greatest(moved, at) + fits * share;
        next_at := refused_full_again + share - whole;
        -- What does not fit here is given back where it did.
        for j in 1 .. i - 1 loop
          update rate_limits r set full_at = r.full_at - (taken - fits) * shares[j] where r.key = keys[j];
          moves[j] := moves[j] - (taken - fits) * shares[j];
        end loop;
        update rate_limits r set full_at = refused_full_again where r.key = keys[i] and r.full_at is distinct from refused_full_again;
        taken := fits;
        exit when taken = 0;
        moved := refused_full_again;
      end if;
      moves[i] := moved;
    end loop;
    if taken > 0 then
      for i in 1 .. cardinality(keys) loop
        rest := floor(extract(epoch from at + whole - moves[i]) / extract(epoch from shares[i]));
        if remaining is null or rest < remaining then
          place := i;
          remaining := rest;
          full_again := moves[i];
        end if;
      end loop;
    end if;
    return next;
  end
  $$;
revoke execute on function rate_limit_take(text[], integer[], integer, timestamptz) from public;
grant execute on function rate_limit_take(text[], integer[], integer, timestamptz) to arctiv_app;
