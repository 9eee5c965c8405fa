/**
 * What the same PostgreSQL does for a queue without networks behind it: rows claimed and finished by pgbench, which is the most there
 * can be, and jobs that do nothing in graphile-worker, a good general queue. Both on a database of their own, with as many
 * connections as Arctiv's worker has.
 */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from './options.mjs';
import { plainEnvironment, run, tail } from './processes.mjs';

/** The default of `database.worker_pool`. */
export const CONNECTIONS = 12;

/** A database that nobody else uses, as the superuser. */
async function database(name, { server, postgresBin, folder, logs }) {
  const env = {
    ...plainEnvironment(),
    PGHOST: server.socketDir || '127.0.0.1',
    PGPORT: String(server.port),
    PGUSER: 'postgres',
    PGPASSWORD: server.password,
    PGDATABASE: name,
  };
  const log = join(logs, `${name}.log`);
  const sql = (statement, of = name) =>
    run('psql', join(postgresBin, 'psql'), ['--no-psqlrc', '--quiet', '-v', 'ON_ERROR_STOP=1', '-c', statement, of], {
      cwd: folder,
      env,
      log,
      reuseLog: true,
    });
  await sql(`create database ${name}`, 'postgres');
  return { env, log, sql };
}

/** Rows a second that are claimed with SKIP LOCKED, committed, finished and committed, one at a time per connection. */
export async function rawLimit(where, { seconds }) {
  const { env, log, sql } = await database('bench_raw', where);
  await sql(`create table queue (id bigint generated always as identity primary key, status text not null default 'pending', worker int);
    create index on queue (id) where status = 'pending';
    insert into queue (status) select 'pending' from generate_series(1, ${40_000 * Math.max(1, Math.round(seconds))})`);
  await sql('vacuum analyze queue');
  const script = join(where.folder, 'claim.sql');
  writeFileSync(
    script,
    `update queue set status = 'claimed', worker = :client_id
 where id = (select id from queue where status = 'pending' order by id for update skip locked limit 1) returning id \\gset
update queue set status = 'done' where id = :id;
`,
  );
  const pgbench = join(where.postgresBin, 'pgbench');
  const args = ['-n', '-c', String(CONNECTIONS), '-j', '1', '-T', String(Math.max(1, Math.round(seconds))), '-M', 'prepared', '-f', script];
  const out = join(where.logs, 'pgbench.log');
  await run('pgbench', pgbench, args, { cwd: where.folder, env, log: out });
  const text = tail({ log: out }, 60);
  const perSecond = Number(/^tps = ([\d.]+)/m.exec(text)?.[1]);
  if (!perSecond || /aborted|error/i.test(text)) throw new Error(`pgbench said something else than was expected:\n${text}\n${tail({ log })}`);
  return { perSecond };
}

/** Jobs a second that do nothing. */
export async function graphileWorker(where, { jobs }) {
  const { env } = await database('bench_queue', where);
  const home = join(where.folder, 'queue');
  cpSync(join(ROOT, 'bench/queue'), home, { recursive: true });
  await run('npm ci', 'npm', ['ci', '--no-audit', '--no-fund'], { cwd: home, env, log: join(where.logs, 'queue-build.log') });
  const log = join(where.logs, 'queue.log');
  await run('work.mjs', process.execPath, ['work.mjs', String(jobs), String(CONNECTIONS)], { cwd: home, env, log });
  const seen = JSON.parse(/^SUMMARY (.*)$/m.exec(tail({ log }))?.[1] ?? 'null');
  if (!seen) throw new Error(`graphile-worker said something else than was expected:\n${tail({ log })}`);
  return { perSecond: seen.jobs / seen.seconds };
}
