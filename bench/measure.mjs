/** Sets a scene, measures, prints. What and why: README.md. */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { chromium } from '@playwright/test';

const ROOT = resolve(import.meta.dirname, '..');
const PROGRAM = process.env.ARCTIV_BIN ?? join(ROOT, 'target/release/arctiv');
const [work, peerSource] = process.argv.slice(2);
const ACCOUNTS = { facebook: 25, linkedin: 24, twitter: 1 };
const POSTS = 20;
const CONNECTIONS = [1, 16, 64];
const SECONDS = 8;

const children = new Set();
process.on('exit', () => children.forEach(child => child.kill('SIGTERM')));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

async function freePort() {
  const server = createServer();
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise(done => server.close(done));
  return port;
}

function start(name, command, args, options) {
  const log = openSync(join(work, `${name}.log`), 'w');
  const child = spawn(command, args, { ...options, stdio: ['ignore', log, log] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

async function stop(child) {
  if (child.exitCode !== null) return;
  const ended = new Promise(done => child.once('exit', done));
  child.kill('SIGTERM');
  await ended;
}

async function until(what, check, seconds = 120) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(100)) {
    const value = await check().catch(() => undefined);
    if (value) return value;
  }
  throw new Error(`${what} took more than ${seconds} s; logs are in ${work}`);
}

const environment = data => ({
  PATH: process.env.PATH,
  ARCTIV_DATA_DIR: data,
  ARCTIV_LOG__LEVEL: 'warn',
  ARCTIV_LOG__FORMAT: 'json',
});

async function serve(what, data, port, more = {}, args = []) {
  const child = start(what, PROGRAM, [what, ...args], {
    cwd: ROOT,
    env: { ...environment(data), ARCTIV_LISTEN: `127.0.0.1:${port}`, ...more },
  });
  await until(`arctiv ${what}`, async () => {
    if (child.exitCode !== null) throw new Error('it ended');
    return (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok;
  });
  return child;
}

/** A client of the REST API with a session. */
class Client {
  constructor(url) {
    this.url = url;
    this.cookie = '';
  }

  async call(path, { method = 'GET', json, redirect = 'manual' } = {}) {
    const answer = await fetch(new URL(path, this.url), {
      method,
      redirect,
      headers: { cookie: this.cookie, origin: this.url, ...(json ? { 'content-type': 'application/json' } : {}) },
      body: json && JSON.stringify(json),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      if (/arctiv_session=[^;]/.test(cookie)) this.cookie = cookie.split(';')[0];
    }
    return answer;
  }

  async json(path, options) {
    const answer = await this.call(path, options);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}

async function connect(client, sandbox, platform, count) {
  const made = await (
    await fetch(`${sandbox}/control/accounts`, { method: 'POST', body: JSON.stringify({ platform, count, name: `Bench ${platform}` }) })
  ).json();
  for (const account of made.accounts) {
    const person = account.run_by[0]?.account ?? account.id;
    const consent = (await client.call(`/api/oauth/${platform}/authorize`)).headers.get('location');
    const page = await (await fetch(consent, { headers: { accept: 'application/json' } })).json();
    const form = new URLSearchParams({ account: person, decision: 'authorize' });
    for (const scope of page.scopes) form.append('scope', scope.name);
    form.append(`asset:${person}`, account.id);
    const back = (await fetch(page.action, { method: 'POST', body: form, redirect: 'manual' })).headers.get('location');
    const landed = (await client.call(back)).headers.get('location') ?? '';
    if (!landed.includes('connected=')) throw new Error(`${account.name} was not connected: ${landed}`);
  }
}

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];

async function deliveries(client) {
  const began = Date.now();
  const posts = [];
  for (let n = 0; n < POSTS; n++) {
    const made = await client.json('/api/content', { method: 'POST', json: { body: `Measured post number ${n}.`, undo_seconds: 0 } });
    posts.push(made.data);
  }
  const latencies = [];
  let last = began;
  for (const post of posts) {
    const rows = await until(`post ${post.id}`, async () => {
      const { data } = await client.json(`/api/deliveries?content_id=${post.id}&limit=100`);
      const open = data.filter(row => ['pending', 'publishing', 'retried'].includes(row.status));
      return data.length > 0 && open.length === 0 && data;
    });
    for (const row of rows) {
      if (row.status !== 'success') throw new Error(`a delivery ended as ${row.status}: ${row.last_error}`);
      latencies.push(Date.parse(row.published_at) - Date.parse(post.created_at));
      last = Math.max(last, Date.parse(row.published_at));
    }
  }
  latencies.sort((a, b) => a - b);
  return { count: latencies.length, perSecond: latencies.length / ((last - began) / 1000), p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}

const UNITS = { us: 0.001, ms: 1, s: 1000 };

function load(url, cookie, connections) {
  const run = spawnSync('wrk', ['-t1', `-c${connections}`, `-d${SECONDS}s`, '--latency', '-H', `Cookie: ${cookie}`, url], { encoding: 'utf8' });
  const time = label => {
    const [, value, unit] = run.stdout.match(new RegExp(`${label}\\s+([\\d.]+)(us|ms|s)`)) ?? [];
    return Number(value) * UNITS[unit];
  };
  const wrong = run.stdout.match(/Non-2xx or 3xx responses: (\d+)/);
  if (run.status !== 0) throw new Error(`${url}: ${run.stdout}${run.stderr}`);
  return { failed: Number(wrong?.[1] ?? 0), perSecond: Number(run.stdout.match(/Requests\/sec:\s+([\d.]+)/)[1]), p50: time('50%'), p99: time('99%') };
}

async function loads(url, cookie) {
  const once = await fetch(url, { headers: { cookie }, redirect: 'manual' });
  if (once.status !== 200) throw new Error(`${url}: ${once.status}`);
  await once.text();
  load(url, cookie, 4); // warms caches and pools
  return Object.fromEntries(CONNECTIONS.map(connections => [connections, load(url, cookie, connections)]));
}

/** Of a process and what it has started, megabytes. */
function resident(pid) {
  const all = spawnSync('ps', ['-eo', 'pid=,ppid=,rss='], { encoding: 'utf8' }).stdout.trim().split('\n').map(line => line.trim().split(/\s+/).map(Number));
  const family = new Set([pid]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const [child, parent] of all) if (family.has(parent) && !family.has(child)) grown = !!family.add(child);
  }
  return all.filter(([child]) => family.has(child)).reduce((sum, [, , rss]) => sum + rss, 0) / 1024;
}

const ownMemory = pid => Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024;

async function firstLoad(url, cookie) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update'],
  });
  const context = await browser.newContext();
  const [name, ...value] = cookie.split('=');
  await context.addCookies([{ name, value: value.join('='), url }]);
  const page = await context.newPage();
  const kinds = {};
  const seen = [];
  page.on('requestfinished', request => seen.push(request));
  await page.goto(url, { waitUntil: 'load' });
  await pause(3000);
  for (const request of seen) {
    const answer = await request.response();
    const type = answer.headers()['content-type'] ?? '';
    const kind = ['html', 'css', 'javascript', 'wasm', 'font', 'image'].find(word => type.includes(word)) ?? 'other';
    if (type.includes('event-stream')) continue;
    const { responseBodySize } = await request.sizes();
    const body = await answer.body().catch(() => Buffer.alloc(0));
    kinds[kind] ??= { wire: 0, raw: 0 };
    kinds[kind].wire += responseBodySize;
    kinds[kind].raw += body.length;
  }
  await browser.close();
  return kinds;
}

// --- printing ------------------------------------------------------------------------------------------------------------
const figure = (number, digits = 0) => number.toLocaleString('en-GB', { maximumFractionDigits: digits, minimumFractionDigits: digits });

function printLoads(title, results) {
  console.log(`\n${title}\n  connections      req/s      p50 ms      p99 ms`);
  for (const [connections, one] of Object.entries(results)) {
    console.log(`  ${connections.padStart(11)} ${figure(one.perSecond).padStart(10)} ${figure(one.p50, 2).padStart(11)} ${figure(one.p99, 2).padStart(11)}${one.failed ? `   ${one.failed} FAILED` : ''}`);
  }
}

function printFirstLoad(title, kinds) {
  console.log(`\n${title}\n  kind             on the wire    unpacked`);
  const sum = { wire: 0, raw: 0 };
  for (const [kind, { wire, raw }] of Object.entries(kinds)) {
    console.log(`  ${kind.padEnd(15)} ${figure(wire / 1000, 1).padStart(9)} KB ${figure(raw / 1000, 1).padStart(8)} KB`);
    sum.wire += wire;
    sum.raw += raw;
  }
  console.log(`  ${'all'.padEnd(15)} ${figure(sum.wire / 1000, 1).padStart(9)} KB ${figure(sum.raw / 1000, 1).padStart(8)} KB`);
  return sum;
}

// --- the run -------------------------------------------------------------------------------------------------------------
const data = join(work, 'data');
const [port, sandboxPort] = [await freePort(), await freePort()];
const url = `http://127.0.0.1:${port}`;
const sandbox = `http://127.0.0.1:${sandboxPort}`;

console.log('Setting the scene: database, simulated networks, a workspace with 50 accounts');
let program = await serve('demo', data, port, {}, ['--sandbox', `127.0.0.1:${sandboxPort}`]);
await fetch(`${sandbox}/control/settings`, { method: 'POST', body: JSON.stringify({ enforce_limits: false, reject_duplicates: false }) });
const client = new Client(url);
await client.json('/api/auth/register', {
  method: 'POST',
  json: { email: 'bench@example.com', password: randomBytes(12).toString('hex'), role: 'client', full_name: 'Bench' },
});
for (const [platform, count] of Object.entries(ACCOUNTS)) await connect(client, sandbox, platform, count);

const pipeline = await deliveries(client);
console.log(`\nDeliveries: ${figure(pipeline.count)} of ${POSTS} posts, ${figure(pipeline.perSecond, 1)} per second`);
console.log(`  saved → accepted: p50 ${figure(pipeline.p50)} ms, p99 ${figure(pipeline.p99)} ms`);

// The simulated networks are no part of what is measured next.
await stop(program);
program = await serve('serve', data, port, { ARCTIV_SANDBOX_URL: sandbox });
const dashboard = await loads(`${url}/dashboard/client`, client.cookie);
printLoads('Dashboard (/dashboard/client)', dashboard);
printLoads('Accounts page (/accounts)', await loads(`${url}/accounts`, client.cookie));
const api = await loads(`${url}/api/social-accounts?limit=50`, client.cookie);
printLoads('GET /api/social-accounts?limit=50', api);
const memory = ownMemory(program.pid);
console.log(`\nResident memory after that: ${figure(memory)} MB (the program; its PostgreSQL apart)`);
const first = printFirstLoad('First load of the dashboard', await firstLoad(`${url}/dashboard/client`, client.cookie));

if (existsSync(join(peerSource, 'package.json'))) {
  console.log('\nThe same page in Next.js, on the same PostgreSQL');
  const peer = join(work, 'peer');
  cpSync(peerSource, peer, { recursive: true, filter: path => !/node_modules|\.next/.test(path) });
  spawnSync('chmod', ['-R', 'u+w', peer]);
  const passwords = JSON.parse(readFileSync(join(data, 'postgres/passwords.json'), 'utf8'));
  const database = readFileSync(join(data, 'postgres/cluster/postmaster.pid'), 'utf8').split('\n')[3];
  const admin = `postgres://postgres:${passwords.postgres}@127.0.0.1:${database}`;
  const peerPort = await freePort();
  const env = { ...process.env, DATABASE_URL: `${admin}/nextdash`, AUTH_SECRET: randomBytes(32).toString('hex'), NEXT_TELEMETRY_DISABLED: '1' };
  delete env.ARCTIV_DATA_DIR;
  const step = (command, args, more = {}) => {
    const run = spawnSync(command, args, { cwd: peer, env: { ...env, ...more }, encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`${command} ${args.join(' ')}:\n${run.stdout}${run.stderr}`);
  };
  step('psql', ['--no-psqlrc', '-q', `${admin}/postgres`, '-c', 'CREATE DATABASE nextdash']);
  step('npm', ['ci', '--no-audit', '--no-fund']);
  step('node_modules/.bin/next', ['build']);
  step('node', ['seed.mjs']);
  const next = start('next', 'node_modules/.bin/next', ['start', '-H', '127.0.0.1', '-p', String(peerPort)], { cwd: peer, env });
  const theirs = `http://127.0.0.1:${peerPort}`;
  const cookie = readFileSync(join(peer, 'cookie.txt'), 'utf8');
  await until('next start', async () => (await fetch(`${theirs}/dashboard`, { headers: { cookie } })).ok);
  const theirDashboard = await loads(`${theirs}/dashboard`, cookie);
  printLoads('Next.js: dashboard', theirDashboard);
  const theirApi = await loads(`${theirs}/api/social-accounts`, cookie);
  printLoads('Next.js: GET /api/social-accounts', theirApi);
  const theirMemory = resident(next.pid);
  const theirFirst = printFirstLoad('Next.js: first load', await firstLoad(`${theirs}/dashboard`, cookie));
  await stop(next);
  console.log(`\nOurs against theirs at 16 connections
  dashboard        ${figure(dashboard[16].perSecond / theirDashboard[16].perSecond, 1)} × the requests per second (aim: 12 ×); our p99 ${figure(dashboard[16].p99, 1)} ms, their p50 ${figure(theirDashboard[16].p50, 1)} ms
  API              ${figure(api[16].perSecond / theirApi[16].perSecond, 1)} × the requests per second (aim: 6 ×); our p99 ${figure(api[16].p99, 1)} ms, their p50 ${figure(theirApi[16].p50, 1)} ms
  memory           ${figure(memory)} MB against ${figure(theirMemory)} MB: 1/${figure(theirMemory / memory, 1)} (aim: under 1/8)
  first load       ${figure(first.wire / 1000)} KB against ${figure(theirFirst.wire / 1000)} KB (aim: at most 350 KB)`);
}
await stop(program);
