/**
 * The yardstick: the same page and the same session check in Next.js on the same PostgreSQL. It is not part of this repository; it
 * is copied to the bench's temporary folder, built and seeded there.
 */
import { randomBytes } from 'node:crypto';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { call, json } from './http.mjs';
import { freePort, plainEnvironment, ready, run, start, tree } from './processes.mjs';

export async function buildPeer({ place, folder, logs, say }) {
  const home = join(folder, 'peer');
  cpSync(place, home, {
    recursive: true,
    filter: source => !/(^|\/)(node_modules|\.next|\.git)(\/|$)/.test(source.slice(place.length)),
  });
  await run('chmod', 'chmod', ['-R', 'u+w', home], { cwd: folder, log: join(logs, 'peer-build.log') });
  const npm = (name, args) =>
    run(name, 'npm', args, {
      cwd: home,
      env: { ...plainEnvironment(), NEXT_TELEMETRY_DISABLED: '1' },
      log: join(logs, 'peer-build.log'),
      reuseLog: true,
    });
  try {
    await npm('npm ci', ['ci', '--no-audit', '--no-fund']);
  } catch {
    // Its lock file leaves out what other systems need, which some versions of npm refuse.
    say('npm ci refuses its lock file; npm install keeps to the versions in it as well');
    await npm('npm install', ['install', '--no-audit', '--no-fund']);
  }
  await npm('next build', ['exec', '--', 'next', 'build']);
  const version = JSON.parse(readFileSync(join(home, 'node_modules/next/package.json'), 'utf8')).version;
  return { home, version };
}

/** Starts it on a database of its own beside Arctiv's, over the same socket. */
export async function startPeer({ home, version }, { server, postgresBin, logs }) {
  const name = 'nextdash';
  const password = randomBytes(16).toString('hex');
  const host = server.socketDir || '127.0.0.1';
  const login = { PGHOST: host, PGPORT: String(server.port) };
  for (const statement of [`create role ${name} login password '${password}'`, `create database ${name} owner ${name}`]) {
    await run(
      'psql',
      join(postgresBin, 'psql'),
      ['--no-psqlrc', '--quiet', '-v', 'ON_ERROR_STOP=1', '-c', statement, 'postgres'],
      {
        cwd: home,
        env: { ...plainEnvironment(), ...login, PGUSER: 'postgres', PGPASSWORD: server.password },
        log: join(logs, 'peer-database.log'),
      },
    );
  }
  const env = {
    ...plainEnvironment(),
    ...login,
    PGUSERNAME: name,
    PGPASSWORD: password,
    DATABASE_URL: `postgres:///${name}`,
    AUTH_SECRET: randomBytes(32).toString('hex'),
    NEXT_TELEMETRY_DISABLED: '1',
    NODE_ENV: 'production',
  };
  await run('seed.mjs', process.execPath, ['seed.mjs'], { cwd: home, env, log: join(logs, 'peer-seed.log') });
  const [cookieName, cookieValue] = readFileSync(join(home, 'cookie.txt'), 'utf8').trim().split(/=(.*)/s);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const next = join(home, 'node_modules/next/dist/bin/next');
  const log = join(logs, 'peer.log');
  const program = start('next', process.execPath, [next, 'start', '-H', '127.0.0.1', '-p', String(port)], {
    cwd: home,
    env,
    log,
  });
  const headers = { cookie: `${cookieName}=${cookieValue}` };
  await ready(program, async () => (await call('GET', `${url}/api/social-accounts`, { headers })).status === 200, 60);
  const names = (await json('GET', `${url}/api/social-accounts`, { headers })).value.data.map(account => account.display_name);
  if (new Set(names).size !== 50) throw new Error(`the peer lists ${new Set(names).size} accounts, not 50`);
  return {
    url,
    program,
    headers,
    names,
    version,
    cookie: { name: cookieName, value: cookieValue },
    pids: () => tree(program.pid),
  };
}
