/**
 * `make bench`: starts everything it needs in a temporary folder, looks whether the answers are right, measures, prints, and takes
 * everything away again. README.md says what each figure is.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { Person, database, startArctiv } from './lib/arctiv.mjs';
import { claimingCost } from './lib/claiming.mjs';
import { ceiling, underFullLoad, underLightLoad } from './lib/deliveries.mjs';
import { streamFilm } from './lib/film.mjs';
import { closeAll } from './lib/http.mjs';
import { ACCOUNTS, MORE_ACCOUNTS, ROOT, expected, options } from './lib/options.mjs';
import { measurePages } from './lib/pages.mjs';
import { buildPeer, startPeer } from './lib/peer.mjs';
import { account, postmaster, residentBytes, stopAll, tree } from './lib/processes.mjs';
import { aims, print, save } from './lib/report.mjs';
import { graphileWorker, rawLimit } from './lib/queues.mjs';
import { makeAccounts, startSandbox } from './lib/sandbox.mjs';
import { openBrowser, untilCompressed, weigh } from './lib/weight.mjs';

const chosen = options(process.argv.slice(2));
const { time } = chosen;
const begun = Date.now();
const folder = mkdtempSync(join(tmpdir(), 'arctiv-bench-'));
// As root, the database runs under another user, who has to get in.
chmodSync(folder, 0o711);
const logs = join(chosen.out, 'logs');
let cluster;
let browser;
let cleaning;

const say = sentence => console.log(`[${String(Math.round((Date.now() - begun) / 1000)).padStart(4)} s] ${sentence}`);

/** Once, however it ends. */
function cleanUp() {
  cleaning ??= (async () => {
    await browser?.close().catch(() => {});
    await stopAll();
    closeAll();
    await endDatabase();
    rmSync(folder, { recursive: true, force: true });
  })();
  return cleaning;
}

/** Arctiv takes its database along; one that was killed leaves it. */
async function endDatabase() {
  const server = cluster && postmaster(cluster);
  if (!server) return;
  try {
    process.kill(server.pid, 'SIGINT');
    for (let waited = 0; waited < 200 && postmaster(cluster); waited++) await pause(50);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

for (const [name, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
]) {
  process.once(name, () => {
    console.error('stopping');
    cleanUp().finally(() => process.exit(code));
  });
}

try {
  await bench();
  await cleanUp();
} catch (error) {
  const interrupted = cleaning !== undefined;
  await cleanUp();
  if (!interrupted) console.error(`error: ${error.message}\nWhat the programs said is in ${logs}.`);
  process.exitCode = 1;
}

async function bench() {
  if (process.platform !== 'linux')
    throw new Error('the bench reads processor time and memory as Linux tells them; run it there');
  say(`Measuring ${chosen.binDir}${chosen.peer ? ` beside ${chosen.peer}` : ''}: about ${Math.ceil(expected(chosen) / 60)} min`);
  let built;
  if (chosen.peer) {
    say('building the peer: about a minute');
    built = await buildPeer({ place: chosen.peer, folder, logs, say });
  }

  say('starting the simulated networks, the database and Arctiv');
  const sandbox = await startSandbox({ ...chosen, folder, logs });
  cluster = join(folder, 'data/postgres/cluster');
  const arctiv = await startArctiv({ ...chosen, folder, logs, sandboxUrl: sandbox.url });
  const memory = { arctiv: { start: residentBytes([arctiv.program.pid]) } };

  const person = await Person.register(arctiv.url);
  const wanted = await makeAccounts(sandbox.url, ACCOUNTS);
  for (const one of wanted) await person.connect(one);
  const accounts = await person.accounts();
  const names = wanted.map(one => one.name);
  if (accounts.length !== wanted.length)
    throw new Error(`${wanted.length} accounts were connected, ${accounts.length} are listed`);
  say(`${accounts.length} accounts are connected`);

  const server = database(arctiv);
  const peer = built && (await startPeer(built, { server, postgresBin: process.env.BENCH_POSTGRES_BIN, logs }));
  const peerName = peer && `Next.js ${peer.version}`;
  if (peer) memory.peer = { start: residentBytes(peer.pids()) };

  const groups = () => ({
    arctiv: [arctiv.program.pid],
    sandbox: [sandbox.program.pid],
    database: tree(server.pid),
    peer: peer ? peer.pids() : [],
  });
  const measured = work => account(groups, work);

  // Also so that the compression of files, which follows a start, is over before anything is timed.
  const compressed = await untilCompressed(arctiv.url, chosen.quick ? 3 : 120);
  let weight;
  if (process.env.CHROMIUM_PATH) {
    say('first load in a browser');
    browser = await openBrowser(process.env.CHROMIUM_PATH);
    const own = {
      url: arctiv.url,
      path: '/dashboard/client',
      cookie: person.cookie,
      alive: 'html[data-hydrated="true"]',
      browser,
    };
    weight = { compressed, arctiv: await weigh(own) };
    if (peer) weight.peer = await weigh({ url: peer.url, path: '/dashboard', cookie: peer.cookie, browser, compress: true });
    await browser.close();
    browser = undefined;
  }

  say(`light load: a post to all ${accounts.length} accounts every two seconds, ${time.light} s`);
  const light = await underLightLoad({ person, accounts, seconds: time.light });

  const sides = [{ key: 'arctiv', url: arctiv.url, headers: () => ({ cookie: person.headers.cookie }), names }];
  if (peer) sides.push({ key: 'peer', url: peer.url, headers: () => peer.headers, names: peer.names });
  const { pages, others } = await measurePages({ sides, time, measured, say });
  memory.arctiv.load = residentBytes([arctiv.program.pid]);
  if (peer) memory.peer.load = residentBytes(peer.pids());

  say(`full load of deliveries: about ${time.heavy} s`);
  for (const one of await makeAccounts(sandbox.url, MORE_ACCOUNTS, 'more')) await person.connect(one);
  const heavy = await underFullLoad({
    person,
    accounts: await person.accounts(),
    sandboxUrl: sandbox.url,
    seconds: time.heavy,
    most: time.heavyMost,
    measured,
  });
  memory.arctiv.deliveries = residentBytes([arctiv.program.pid]);
  const film = await streamFilm({ person, accounts, pid: arctiv.program.pid, megabytes: chosen.quick ? 64 : 1024, say });
  const top = await ceiling({
    sandboxUrl: sandbox.url,
    account: wanted.find(one => one.platform === 'twitter'),
    seconds: time.ceiling,
  });
  say('the raw limit of the database, and a general queue on it');
  const where = { server, postgresBin: process.env.BENCH_POSTGRES_BIN, folder, logs };
  const raw = await rawLimit(where, { seconds: time.raw });
  const queue = await graphileWorker(where, { jobs: time.jobs });
  say(`claiming with up to ${time.waiting.at(-1).toLocaleString('en-GB')} deliveries waiting`);
  const claims = await claimingCost(where, { rows: time.waiting, looks: time.looks });

  const result = {
    machine: machine(),
    quick: chosen.quick,
    peer: peerName,
    accounts: accounts.length,
    rounds: time.rounds,
    roundSeconds: time.round,
    pages,
    others,
    memory,
    weight,
    light,
    heavy,
    film,
    ceiling: top,
    raw,
    queue,
    claims,
    aims: [],
  };
  result.aims = aims(result);
  if (!peer) {
    result.withoutPeer = chosen.wantsPeer
      ? 'The comparison was left out: the peer is neither in ../shared/peers/next-dashboard nor where ARCTIV_PEER says.'
      : 'The comparison was left out, as --no-peer asks.';
  }
  say('stopping everything');
  await cleanUp();
  result.seconds = Math.round((Date.now() - begun) / 1000);
  result.file = join(chosen.out, 'latest.json');
  save(result, chosen.out);
  print(result);
}

function machine() {
  const said = (program, args) => spawnSync(program, args, { cwd: ROOT, encoding: 'utf8' }).stdout?.trim() ?? '';
  return {
    date: new Date().toISOString(),
    commit: said('git', ['describe', '--always', '--dirty']) || 'without git',
    build: basename(chosen.binDir) === 'release' ? 'release build' : `build in ${chosen.binDir}`,
    cores: cpus().length,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    memory: Number(/MemTotal:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0) * 1024,
    postgres: /(\d+(\.\d+)?)/.exec(said(join(process.env.BENCH_POSTGRES_BIN, 'postgres'), ['--version']))?.[1] ?? 'unknown',
    node: process.version,
    wrk: /wrk (\S+)/.exec(said('wrk', ['--version']))?.[1] ?? 'unknown',
  };
}
