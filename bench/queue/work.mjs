/**
 * Does nothing, as often as it is told to, through graphile-worker: adds the jobs, works them off over so many connections, and
 * says how long that took.   node work.mjs JOBS CONCURRENCY   (the database by PGHOST and the like)
 */
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';

const [jobs, concurrency] = process.argv.slice(2).map(Number);
const logger = new Logger(() => () => {});
const connect = () => new pg.Pool({ max: concurrency + 2 });

const utils = await makeWorkerUtils({ pgPool: connect(), logger });
await utils.migrate();
await utils.withPgClient(client =>
  client.query(`select graphile_worker.add_job('nothing', json_build_object('n', n)) from generate_series(1, $1) n`, [jobs]),
);

let done = 0;
let finish;
const finished = new Promise(resolve => (finish = resolve));
const begun = process.hrtime.bigint();
const runner = await run({
  pgPool: connect(),
  concurrency,
  logger,
  pollInterval: 200,
  noHandleSignals: true,
  taskList: {
    nothing: async () => {
      if (++done === jobs) finish();
    },
  },
});
await finished;
await runner.stop();
const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
console.log(`SUMMARY ${JSON.stringify({ jobs, seconds })}`);
await utils.release();
process.exit(0);
