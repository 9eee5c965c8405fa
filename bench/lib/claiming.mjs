/**
 * What it costs a worker to find its next deliveries, with few and with very many waiting: the very statement of the program, on a
 * database of its own with the program's schema. Each time it is taken back, so that every look finds the same.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from './options.mjs';
import { plainEnvironment, run, tail } from './processes.mjs';

const STATEMENT = 'server/src/features/deliveries/store/claiming.rs';
const SPACES = 50;
const ACCOUNTS = 4;

/** The first statement of the worker's store, without what only the compiler reads. */
function statement() {
  const source = readFileSync(join(ROOT, STATEMENT), 'utf8');
  const found = /fn claim_from\([\s\S]*?r#"([\s\S]*?)"#/.exec(source)?.[1];
  if (!found) throw new Error(`${STATEMENT} does not hold the statement any more`);
  const most = /ACCOUNTS_AT_ONCE: i32 = (\d+)/.exec(source)?.[1];
  return { sql: found.replaceAll(/ as "\w+[!?]"/g, ''), most };
}

/** Ids in the order of time, as the program's are. */
const ordered = kind => `('00000000-0000-${kind}-8000-' || lpad(to_hex(i), 12, '0'))::uuid`;

/**
 * Rows that are due, spread evenly over the accounts of some workspaces. What was written is on the disk before anything is timed.
 */
const fill = rows => `set client_min_messages = warning;
set session_replication_role = replica;
truncate workspaces cascade;
insert into workspaces (id, name, slug, kind, time_zone, created_at, updated_at)
  select gen_random_uuid(), 'W', 'w' || n, 'client', 'UTC', now(), now() from generate_series(1, ${SPACES}) n;
insert into accounts (id, workspace_id, platform, external_kind, external_account_id, display_name, connected_at, created_at, updated_at)
  select gen_random_uuid(), w.id, 'facebook', 'page', w.slug || '-' || n, 'A', now(), now(), now()
    from workspaces w, generate_series(1, ${ACCOUNTS}) n;
create temp table numbered as select id, workspace_id, row_number() over () as n from accounts;
insert into deliveries (id, workspace_id, post_id, post_version_id, account_id, platform, next_attempt_at, due_at, created_at, updated_at)
  select ${ordered('7000')}, a.workspace_id, a.id, ${ordered('7001')}, a.id, 'facebook', now() - interval '1 hour' + i * interval '1 ms', now(), now(),
         now()
    from generate_series(1, ${rows}) i join numbered a on a.n = 1 + (i::bigint * 7919) % ${SPACES * ACCOUNTS};
drop table numbered;
reset session_replication_role;
vacuum analyze deliveries;
checkpoint;
`;

function looks({ sql, most }, count) {
  const nobody = "'00000000-0000-0000-0000-000000000000'";
  const look = `begin; explain (analyze, timing off) execute look(${nobody}, now(), now() + interval '1 minute', 16, 1, '{}', ${nobody}, ${nobody}, ${most}, '{}', 16, null, null); rollback;\n`;
  return `set plan_cache_mode = force_generic_plan;
prepare look(uuid, timestamptz, timestamptz, bigint, bigint, text[], uuid, uuid, int, bigint[], bigint, uuid[], uuid[]) as ${sql};
${look.repeat(count)}`;
}

const middle = list => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/** Milliseconds per look, the middle one of many, with each number of waiting rows. */
export async function claimingCost({ server, postgresBin, folder, logs }, { rows, looks: count }) {
  const name = 'bench_claims';
  const env = {
    ...plainEnvironment(),
    PGHOST: server.socketDir || '127.0.0.1',
    PGPORT: String(server.port),
    PGUSER: 'postgres',
    PGPASSWORD: server.password,
  };
  const log = join(logs, `${name}.log`);
  const psql = (args, database = name) =>
    run('psql', join(postgresBin, 'psql'), ['--no-psqlrc', '--quiet', '-v', 'ON_ERROR_STOP=1', ...args, database], {
      cwd: folder,
      env,
      log,
      reuseLog: true,
    });
  await psql(['-c', `create database ${name}`], 'postgres');
  const migrations = readdirSync(join(ROOT, 'migrations')).sort();
  await psql(migrations.flatMap(file => ['-f', join(ROOT, 'migrations', file)]));
  const found = [];
  for (const waiting of rows) {
    const out = join(logs, `${name}-${waiting}.log`);
    const apply = sql => {
      const file = join(folder, 'claims.sql');
      writeFileSync(file, sql);
      return run('psql', join(postgresBin, 'psql'), ['--no-psqlrc', '-v', 'ON_ERROR_STOP=1', '-f', file, name], {
        cwd: folder,
        env,
        log: out,
      });
    };
    await apply(fill(waiting));
    await apply(looks(statement(), count));
    const times = [...tail({ log: out }, Infinity).matchAll(/Execution Time: ([\d.]+) ms/g)].map(match => Number(match[1]));
    if (times.length !== count) throw new Error(`psql said something else than was expected:\n${tail({ log: out })}`);
    found.push({ waiting, ms: middle(times.slice(Math.floor(count / 4))) });
  }
  return found;
}
