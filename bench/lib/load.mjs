/** Load by wrk: one thread of it, which is enough for what two programs of this kind answer on one machine. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { call } from './http.mjs';

const SCRIPT = join(import.meta.dirname, 'wrk.lua');

/**
 * Asks for `url` over `connections` for `seconds`, each connection as soon as it has its last answer. Answers requests per second
 * and p50 and p99 in milliseconds. Any error ends the bench: a refusal is quick, and must not pass for speed.
 */
export async function load(url, { connections, seconds, headers = {}, body, answerBytes = 0 }) {
  const args = ['--threads', '1', '--connections', String(connections), '--duration', `${Math.max(1, Math.round(seconds))}s`];
  for (const [name, value] of Object.entries(headers)) args.push('--header', `${name}: ${value}`);
  args.push('--timeout', '10s', '--script', SCRIPT, url);
  const text = await output(args, body === undefined ? {} : { BENCH_BODY: body });
  const seen = JSON.parse(/^SUMMARY (.*)$/m.exec(text)?.[1] ?? 'null');
  if (!seen) throw new Error(`wrk said something else than was expected:\n${text}`);
  if (seen.requests === 0) throw new Error(`${url} answered nothing over ${connections} connections within ${seconds} s`);
  if (seen.errors > 0) throw new Error(`${seen.errors} of ${seen.requests} requests to ${url} failed`);
  // wrk takes a redirect for a success; one has no page in it.
  if (seen.bytes < answerBytes * seen.requests * 0.95) {
    throw new Error(`answers of ${url} under load were ${Math.round(seen.bytes / seen.requests)} bytes, not ${answerBytes}`);
  }
  return {
    requests: seen.requests,
    perSecond: seen.requests / (seen.microseconds / 1e6),
    p50: seen.p50 / 1000,
    p99: seen.p99 / 1000,
  };
}

function output(args, variables) {
  return new Promise((done, failed) => {
    const child = spawn('wrk', args, { env: { ...process.env, ...variables }, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', part => (text += part));
    child.once('error', failed);
    child.once('close', code => (code === 0 ? done(text) : failed(new Error(`wrk failed:\n${text}`))));
  });
}

/** The page must be there, and hold what it is about, before and after it is measured. */
export async function verify({ url, headers, names }) {
  const answer = await call('GET', url, { headers });
  const text = answer.body.toString('utf8');
  if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}: ${text.slice(0, 400)}`);
  const missing = names.filter(name => !text.includes(name));
  if (missing.length > 0)
    throw new Error(`${url} does not name ${missing.length} of ${names.length} accounts: ${missing.slice(0, 3).join(', ')}`);
  return answer.body.length;
}

/** Of rounds, the median of each figure. */
export function median(rounds) {
  const middle = values => {
    const sorted = [...values].sort((a, b) => a - b);
    const half = sorted.length / 2;
    return sorted.length % 2 === 1 ? sorted[Math.floor(half)] : (sorted[half - 1] + sorted[half]) / 2;
  };
  const keys = ['perSecond', 'p50', 'p99', 'cpu', 'databaseCpu'];
  return Object.fromEntries(keys.map(key => [key, middle(rounds.map(round => round[key]))]));
}

/** The value below which `share` of the values lie. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))];
}
