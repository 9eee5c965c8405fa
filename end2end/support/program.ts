/**
 * Starts the program for all tests: on free ports, with a data folder, a database and simulated networks of its own, and takes all
 * of it away afterwards. With ARCTIV_URL and SANDBOX_URL set, the tests run against a program that is running already
 * (`make run`).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const root = resolve(import.meta.dirname, '../..');

export default async function start(): Promise<(() => Promise<void>) | undefined> {
  if (process.env.ARCTIV_URL && process.env.SANDBOX_URL) return undefined;

  const program = process.env.ARCTIV_BIN ?? join(root, 'target/debug/arctiv');
  if (!existsSync(program)) throw new Error(`${program} is missing: run scripts/build first`);
  const data = mkdtempSync(join(tmpdir(), 'arctiv-e2e-'));
  // As root, the database runs under another user, who has to get in.
  chmodSync(data, 0o711);
  const logs = join(root, 'target/logs');
  mkdirSync(logs, { recursive: true });
  const logFile = join(logs, 'e2e-program.log');

  let child: ChildProcess | undefined;
  let ports: [number, number] = [0, 0];
  const stop = async () => {
    if (child) await end(child);
    rmSync(data, { recursive: true, force: true });
  };

  try {
    // A port can be taken between being found and being used.
    for (let attempt = 1; ; attempt++) {
      ports = await freePorts();
      const log = openSync(logFile, 'w');
      child = spawn(program, ['demo', '--sandbox', `127.0.0.1:${ports[1]}`], {
        cwd: root,
        stdio: ['ignore', log, log],
        env: {
          ...withoutSettings(process.env),
          ARCTIV_LISTEN: `127.0.0.1:${ports[0]}`,
          // A name, because browsers make no passkeys for numbers.
          ARCTIV_PUBLIC_URL: `http://localhost:${ports[0]}`,
          ARCTIV_DATA_DIR: join(data, 'data'),
          ARCTIV_LOG__LEVEL: 'info',
          // Whoever finishes a post in an app does so at once here.
          ARCTIV_PUBLISHING__WATCH_SECONDS: '2',
          // All tests come from one address. What a refusal looks like has a test of its own.
          ARCTIV_LIMITS__VISITOR_PER_MINUTE: '100000',
          ARCTIV_LIMITS__USER_PER_MINUTE: '100000',
          ARCTIV_LIMITS__WORKSPACE_PER_MINUTE: '100000',
          ARCTIV_LIMITS__INTERFACE_PER_MINUTE: '100000',
        },
      });
      closeSync(log);
      if (await ready(child, `http://127.0.0.1:${ports[0]}/health/ready`)) break;
      const said = readFileSync(logFile, 'utf8');
      await end(child);
      if (attempt >= 3 || !/taken|cannot listen/.test(said)) {
        throw new Error(`the program did not start:\n${said.split('\n').slice(-40).join('\n')}`);
      }
    }
  } catch (error) {
    await stop();
    throw error;
  }

  // Workers inherit these; fixtures.ts reads them.
  process.env.ARCTIV_URL = `http://localhost:${ports[0]}`;
  process.env.SANDBOX_URL = `http://127.0.0.1:${ports[1]}`;
  process.env.ARCTIV_E2E_LOG = logFile;
  return stop;
}

/** What a developer has set for another purpose must not reach the program. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign = /^(ARCTIV_|DATABASE_URL$|TEST_DATABASE_ADMIN_URL$|JWT_SECRET$|PG[A-Z]+$)/;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !foreign.test(name)));
}

async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  const ports = await Promise.all(
    servers.map(
      server =>
        new Promise<number>((done, failed) => {
          server.once('error', failed);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            if (address && typeof address === 'object') done(address.port);
          });
        }),
    ),
  );
  await Promise.all(servers.map(server => new Promise(done => server.close(done))));
  return [ports[0], ports[1]];
}

async function ready(child: ChildProcess, url: string): Promise<boolean> {
  const deadline = Date.now() + 120_000;
  while (Date.now() < deadline && child.exitCode === null && child.signalCode === null) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
    if (answer?.ok) return true;
    await pause(100);
  }
  return false;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise(done => child.once('exit', done));
  child.kill('SIGTERM');
  const inTime = await Promise.race([ended.then(() => true), pause(30_000, false)]);
  if (!inTime) {
    child.kill('SIGKILL');
    await ended;
    throw new Error('the program did not stop within 30 s of SIGTERM');
  }
}
