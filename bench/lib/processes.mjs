/**
 * Programs that the bench starts, what they cost, and their end. Each is a process group of its own, so that Ctrl-C reaches the
 * bench alone, which then ends them in order; should the bench be killed, the kernel tells them to stop.
 */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const running = new Set();
const withKernelsHelp = spawnSync('setpriv', ['--pdeathsig', 'TERM', 'true']).status === 0;

/** Starts a program whose output goes to a file. */
export function start(name, program, args, { cwd, env, log, reuseLog = false }) {
  mkdirSync(dirname(log), { recursive: true });
  const file = openSync(log, reuseLog ? 'a' : 'w');
  const [command, ...rest] = withKernelsHelp ? ['setpriv', '--pdeathsig', 'TERM', program, ...args] : [program, ...args];
  const child = spawn(command, rest, { cwd, env, detached: true, stdio: ['ignore', file, file] });
  closeSync(file);
  const started = { name, child, pid: child.pid, log, ended: new Promise(done => child.once('exit', done)), failure: undefined };
  child.once('error', error => (started.failure = error));
  running.add(started);
  return started;
}

export function isRunning({ child, failure }) {
  return !failure && child.exitCode === null && child.signalCode === null;
}

/** Runs a program to its end. */
export async function run(name, program, args, options) {
  const started = start(name, program, args, options);
  await started.ended;
  running.delete(started);
  if (started.child.exitCode !== 0) throw new Error(`${name} failed:\n${tail(started)}`);
}

/** Asks a program to stop, and insists after 30 s. */
export async function stop(started) {
  if (isRunning(started)) {
    signal(started, 'SIGTERM');
    if (!(await Promise.race([started.ended.then(() => true), pause(30_000, false, { ref: false })]))) {
      signal(started, 'SIGKILL');
      await started.ended;
    }
  }
  running.delete(started);
}

function signal({ pid }, name) {
  try {
    process.kill(-pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Ends all that still runs, the last started first. */
export async function stopAll() {
  for (const started of [...running].reverse()) await stop(started);
}

/** The last lines of a program's output. */
export function tail({ log, failure }, lines = 30) {
  if (failure) return String(failure);
  return existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(-lines).join('\n') : '';
}

/** Waits until `check` is true, or the program has ended. */
export async function ready(started, check, seconds = 120) {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    if (!isRunning(started)) throw new Error(`${started.name} ended at once:\n${tail(started)}`);
    if (await check().catch(() => false)) return;
    await pause(100);
  }
  throw new Error(`${started.name} was not ready within ${seconds} s:\n${tail(started)}`);
}

export function freePort() {
  return new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** What a developer has set for another purpose must not reach the programs. */
export function plainEnvironment() {
  const foreign =
    /^(ARCTIV_|BENCH_|DATABASE_URL$|TEST_DATABASE_ADMIN_URL$|JWT_SECRET$|AUTH_SECRET$|NODE_|PG[A-Z_]+$|RUST_LOG$|SANDBOX_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}

// ---- what they cost, as Linux tells --------------------------------------------------------------------------------------

/** A process and all below it. */
export function tree(pid) {
  const children = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = fields(name)?.[1];
    if (parent !== undefined) children.set(Number(parent), [...(children.get(Number(parent)) ?? []), Number(name)]);
  }
  const found = [pid];
  for (let at = 0; at < found.length; at++) found.push(...(children.get(found[at]) ?? []));
  return found;
}

/** The fields of /proc/PID/stat from the third on: state, parent, … */
function fields(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name in brackets that may hold anything.
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

const TICKS = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100;

/** Processor seconds of processes, those of their ended children included. */
export function processorSeconds(pids) {
  const ticks = pids
    .map(fields)
    .filter(Boolean)
    .map(all => all.slice(11, 15).reduce((sum, n) => sum + Number(n), 0));
  return ticks.reduce((sum, n) => sum + n, 0) / TICKS;
}

/** Resident memory of processes, bytes. */
export function residentBytes(pids) {
  return pids.reduce((sum, pid) => {
    const status = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : '';
    return sum + Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  }, 0);
}

/** Processor seconds of the whole machine, used and unused. */
function machine() {
  const all = readFileSync('/proc/stat', 'utf8').split('\n')[0].trim().split(/\s+/).slice(1, 9).map(Number);
  const total = all.reduce((sum, n) => sum + n, 0) / TICKS;
  return { total, busy: total - (all[3] + all[4]) / TICKS };
}

/**
 * What was used while `work` ran, by named groups of processes: processor seconds, and the share of the machine that went to
 * programs that are none of ours. `groups` is a function, because processes come and go.
 */
export async function account(groups, work) {
  const own = () => process.cpuUsage();
  const measure = () => Object.fromEntries(Object.entries(groups()).map(([name, pids]) => [name, processorSeconds(pids)]));
  const [before, whole, self, from] = [measure(), machine(), own(), process.hrtime.bigint()];
  const children = processorOfChildren();
  const value = await work();
  const seconds = Number(process.hrtime.bigint() - from) / 1e9;
  const [after, wholeAfter, selfAfter] = [measure(), machine(), own()];
  const used = Object.fromEntries(Object.keys(after).map(name => [name, Math.max(0, after[name] - (before[name] ?? 0))]));
  used.bench = (selfAfter.user + selfAfter.system - self.user - self.system) / 1e6 + processorOfChildren() - children;
  const ours = Object.values(used).reduce((sum, n) => sum + n, 0);
  const total = wholeAfter.total - whole.total;
  const others = Math.max(0, wholeAfter.busy - whole.busy - ours);
  return {
    value,
    seconds,
    used,
    others: total > 0 ? others / total : 0,
    idle: total > 0 ? 1 - (wholeAfter.busy - whole.busy) / total : 0,
  };
}

/** Of children of the bench that have ended, such as wrk. */
function processorOfChildren() {
  const all = fields(process.pid);
  return all ? (Number(all[13]) + Number(all[14])) / TICKS : 0;
}

/** The process of the PostgreSQL server that keeps its files in `folder`. */
export function postmaster(folder) {
  const file = join(folder, 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const [pid, , , port, socketDir] = readFileSync(file, 'utf8').split('\n');
  return { pid: Number(pid), port: Number(port), socketDir };
}
