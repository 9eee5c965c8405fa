/** Arctiv itself: started with a database of its own, used over its REST API as any program would. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { call, expectStatus, json } from './http.mjs';
import { ROOT } from './options.mjs';
import { freePort, plainEnvironment, postmaster, ready, start } from './processes.mjs';
import { consent } from './sandbox.mjs';

/**
 * All load comes from a few people at one address. Every request is counted against its limits as ever; the limits are only so high
 * that they refuse none.
 */
const LIMITS = Object.fromEntries(
  ['VISITOR', 'USER', 'WORKSPACE', 'INTERFACE'].map(whom => [`ARCTIV_LIMITS__${whom}_PER_MINUTE`, '1000000']),
);

/** Starts `arctiv serve` with every setting at its default but its limits, where it listens, keeps its data and finds the networks. */
export async function startArctiv({ binDir, folder, logs, sandboxUrl }) {
  const data = join(folder, 'data');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const program = start('arctiv', join(binDir, 'arctiv'), ['serve'], {
    cwd: ROOT,
    env: {
      ...plainEnvironment(),
      ...LIMITS,
      ARCTIV_LISTEN: `127.0.0.1:${port}`,
      ARCTIV_DATA_DIR: data,
      ARCTIV_SANDBOX_URL: sandboxUrl,
    },
    log: join(logs, 'arctiv.log'),
  });
  const isReady = async () => (await call('GET', `${url}/health/ready`)).status === 200;
  const own = { url, program, data, cluster: join(data, 'postgres/cluster') };
  try {
    await ready(program, isReady);
  } catch (error) {
    throw Object.assign(error, { cluster: own.cluster });
  }
  return own;
}

/** How the private database is reached, as its superuser. */
export function database({ data, cluster }) {
  const server = postmaster(cluster);
  const passwords = JSON.parse(readFileSync(join(data, 'postgres/passwords.json'), 'utf8'));
  return { ...server, password: passwords.postgres };
}

/** A person who has just registered. */
export class Person {
  #cookie;

  constructor(url) {
    this.url = url;
  }

  static async register(url) {
    const person = new Person(url);
    const body = {
      email: `bench-${randomBytes(4).toString('hex')}@example.com`,
      password: randomBytes(12).toString('base64url'),
      role: 'client',
      full_name: 'Bench Client',
    };
    const { headers } = await json('POST', `${url}/api/auth/register`, { body, headers: { origin: url }, status: 201 });
    person.#keep(headers);
    return person;
  }

  /** As a browser sends them. */
  get headers() {
    return { cookie: this.#cookie, origin: this.url };
  }

  /** Name and value of the session cookie. */
  get cookie() {
    const at = this.#cookie.indexOf('=');
    return { name: this.#cookie.slice(0, at), value: this.#cookie.slice(at + 1) };
  }

  #keep(headers) {
    const cookie = headers['set-cookie']?.find(one => one.includes('arctiv_session='));
    if (cookie) this.#cookie = cookie.split(';')[0];
  }

  async get(path) {
    const answer = await json('GET', `${this.url}${path}`, { headers: this.headers });
    this.#keep(answer.headers);
    return answer.value;
  }

  async post(path, body, status) {
    return (await json('POST', `${this.url}${path}`, { body, status, headers: this.headers })).value;
  }

  /** Connects a simulated account through its consent page. */
  async connect({ platform, id }) {
    const away = await expectStatus(303, 'GET', `${this.url}/api/oauth/${platform}/authorize`, { headers: this.headers });
    const back = new URL(await consent(away.headers.location, id));
    const answer = await expectStatus(303, 'GET', back, { headers: this.headers });
    if (/problem|error|refused/i.test(answer.headers.location)) throw new Error(`an account of ${platform} was not connected`);
  }

  /** All of them. */
  async accounts() {
    const found = [];
    for (;;) {
      const { data, page } = await this.get(`/api/social-accounts?limit=100&offset=${found.length}`);
      found.push(...data);
      if (data.length === 0 || found.length >= page.total) return found;
    }
  }

  /** Saves a post that goes out at once to these accounts. */
  async publish(body, accountIds) {
    const post = { body, account_ids: accountIds, visibility: 'public', undo_seconds: 0 };
    return (await this.post('/api/content', post, 201)).data;
  }

  /** How many deliveries stand there. */
  async deliveries(status) {
    return (await this.get(`/api/deliveries?limit=1${status ? `&status=${status}` : ''}`)).page.total;
  }

  /** Waits until nothing is on its way any more; then all must have arrived. */
  async untilDelivered(total, seconds) {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const success = await this.deliveries('success');
      if (success >= total) return;
      if (Date.now() > deadline) {
        const failed = await this.deliveries('failed');
        throw new Error(`of ${total} deliveries ${success} succeeded and ${failed} failed within ${seconds} s`);
      }
      await pause(200);
    }
  }
}
