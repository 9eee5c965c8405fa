-- The record of who changed what: append-only, one chain of hashes per workspace. It names people, sessions and things by their ids
-- and has no foreign keys to them, because it outlives what it names.

-- Where each workspace's chain ends, and what of its beginning has outlived its keeping time. Locked by whoever appends, until that
-- transaction commits: so the order of the chain is the order of commits.
create table audit_heads (
  workspace_id uuid constraint audit_heads_pkey primary key
    constraint audit_heads_workspace_fkey references workspaces (id) on delete cascade,
  seq bigint not null default 0,
  hash bytea not null default '',
  pruned_seq bigint not null default 0,
  pruned_hash bytea not null default '',
  created_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50);

create table audit_events (
  -- to the head, not to the workspace: appending must lock nothing else, or it could wait for somebody who waits for it
  workspace_id uuid not null constraint audit_events_head_fkey references audit_heads (workspace_id) on delete cascade,
  seq bigint not null,
  action text not null constraint audit_events_action_form check (action ~ '^[a-z_]+\.[a-z_]+$' and char_length(action) <= 60),
  -- how whoever acted came in: 'session', 'api_key', 'sign_in' (before there is a session), 'system'
  via text not null constraint audit_events_via_known check (via in ('session', 'api_key', 'sign_in', 'system')),
  user_id uuid,
  session_id uuid,
  api_key_id uuid,
  request_id text constraint audit_events_request_id_length check (char_length(request_id) <= 100),
  ip inet,
  user_agent text constraint audit_events_user_agent_length check (char_length(user_agent) <= 400),
  subject_kind text not null constraint audit_events_subject_kind_form check (subject_kind ~ '^[a-z_]+$'),
  subject_id uuid,
  -- as it was called at that time
  subject_name text constraint audit_events_subject_name_length check (char_length(subject_name) between 1 and 200),
  before jsonb,
  after jsonb,
  created_at timestamptz not null,
  prev_hash bytea not null,
  hash bytea not null constraint audit_events_hash_length check (octet_length(hash) = 32),
  constraint audit_events_pkey primary key (workspace_id, seq)
);
create index audit_events_user_idx on audit_events (workspace_id, user_id, seq desc) where user_id is not null;
create index audit_events_subject_idx on audit_events (workspace_id, subject_id, seq desc) where subject_id is not null;
create index audit_events_action_idx on audit_events (workspace_id, action, seq desc);
create index audit_events_age_idx on audit_events (created_at);

-- A text with its length in front, so that no two lists of texts look alike; '-' for none.
create function audit_part(part text) returns text
  language sql immutable parallel safe
  as $$ select coalesce(octet_length(part)::text || ':' || part, '-') $$;

-- What an event's hash is made of. `arctiv audit verify` makes it once more by itself (server/src/features/audit/chain.rs).
create function audit_hash(e audit_events) returns bytea
  language sql stable
  as $$
    select sha256(convert_to(concat(
      audit_part(encode(e.prev_hash, 'hex')), audit_part(e.workspace_id::text), audit_part(e.seq::text), audit_part(e.action),
      audit_part(e.via), audit_part(e.user_id::text), audit_part(e.session_id::text), audit_part(e.api_key_id::text),
      audit_part(e.request_id), audit_part(e.ip::text), audit_part(e.user_agent), audit_part(e.subject_kind),
      audit_part(e.subject_id::text), audit_part(e.subject_name), audit_part(e.before::text), audit_part(e.after::text),
      audit_part((extract(epoch from e.created_at) * 1000000)::bigint::text)), 'UTF8'))
  $$;

-- Whoever inserts, the database gives the number and the hash.
create function audit_append() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  declare
    head record;
  begin
    select seq, hash into head from audit_heads where workspace_id = new.workspace_id for update;
    if not found then
      insert into audit_heads (workspace_id) values (new.workspace_id) on conflict on constraint audit_heads_pkey do nothing;
      select seq, hash into strict head from audit_heads where workspace_id = new.workspace_id for update;
    end if;
    new.seq := head.seq + 1;
    new.prev_hash := head.hash;
    new.hash := audit_hash(new);
    update audit_heads set seq = new.seq, hash = new.hash where workspace_id = new.workspace_id;
    return new;
  end
  $$;
create trigger audit_events_append before insert on audit_events for each row execute function audit_append();

-- Deletes what is older than `until` from the beginning of the chains, at most `at_most` events of each, and remembers where what is
-- left begins. How many.
create function audit_prune(until timestamptz, at_most integer) returns bigint
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  declare
    chain uuid;
    last_old bigint;
    gone bigint;
    total bigint := 0;
  begin
    if until > clock_timestamp() - interval '90 days' then
      raise exception 'the record of the last 90 days is kept' using errcode = 'check_violation';
    end if;
    for chain in select distinct workspace_id from audit_events where created_at < until order by workspace_id loop
      perform from audit_heads where workspace_id = chain for update;
      -- From the beginning up to the first that is young enough, whatever comes behind it.
      select max(seq) into last_old from (
        select seq, bool_and(created_at < until) over (order by seq) as old
          from (select seq, created_at from audit_events where workspace_id = chain order by seq limit at_most) oldest
      ) judged where old;
      continue when last_old is null;
      update audit_heads set pruned_seq = last_old,
             pruned_hash = (select hash from audit_events where workspace_id = chain and seq = last_old)
       where workspace_id = chain;
      delete from audit_events where workspace_id = chain and seq <= last_old;
      get diagnostics gone = row_count;
      total := total + gone;
    end loop;
    return total;
  end
  $$;

-- Names for the present workspace's record, also of those who have left it: of these people, or of all in it.
create function audit_people(wanted uuid[]) returns table (user_id uuid, full_name text, email text)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select u.id, u.full_name, u.email from users u
     where u.id = any (coalesce(wanted, array(select distinct e.user_id from audit_events e where e.workspace_id = app_workspace_id())))
       and exists (select from audit_events e where e.workspace_id = app_workspace_id() and e.user_id = u.id)
  $$;

alter table audit_heads enable row level security;
alter table audit_heads force row level security;
alter table audit_events enable row level security;
alter table audit_events force row level security;

create policy audit_events_tenant_read on audit_events for select to arctiv_app using (workspace_id = (select app_workspace_id()));
create policy audit_events_tenant_append on audit_events for insert to arctiv_app with check (workspace_id = (select app_workspace_id()));
create policy audit_events_worker_read on audit_events for select to arctiv_worker using (true);
create policy audit_events_worker_append on audit_events for insert to arctiv_worker with check (true);
create policy audit_heads_tenant on audit_heads for select to arctiv_app using (workspace_id = (select app_workspace_id()));
create policy audit_heads_worker on audit_heads for select to arctiv_worker using (true);
-- The functions above run as the owner. It, too, deletes nothing young, and changes nothing at all.
create policy audit_events_chain on audit_events for select to arctiv_owner using (true);
create policy audit_events_prune on audit_events for delete to arctiv_owner using (created_at < clock_timestamp() - interval '90 days');
create policy audit_heads_chain on audit_heads to arctiv_owner using (true) with check (true);

grant select, insert on audit_events to arctiv_app, arctiv_worker;
grant select on audit_heads to arctiv_app, arctiv_worker;
revoke execute on function audit_append(), audit_prune(timestamptz, integer), audit_people(uuid[]) from public;
grant execute on function audit_prune(timestamptz, integer) to arctiv_retention;
grant execute on function audit_people(uuid[]) to arctiv_app;
