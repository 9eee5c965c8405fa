/** The command line, and how long each part takes. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

const USAGE = `usage: bench/run [--quick] [--bin-dir DIR] [--no-peer] [--out DIR]
  --quick        a second or two for each part: tries the bench out, its figures mean little
  --bin-dir DIR  the folder of arctiv and arctiv-sandbox (target/release)
  --no-peer      leaves the comparison out
  --out DIR      where the figures are written as JSON (target/bench)`;

/** Seconds and counts. A round loads one page with one number of connections; rounds of both programs take turns. */
const FULL = { rounds: 3, round: 5, warmUp: 3, light: 30, heavy: 20, heavyMost: 1000, ceiling: 3, raw: 10, jobs: 20_000, waiting: [1000, 1_000_000], looks: 200 };
const QUICK = { rounds: 1, round: 2, warmUp: 0.5, light: 3, heavy: 2, heavyMost: 10, ceiling: 1, raw: 1, jobs: 1000, waiting: [1000, 20_000], looks: 20 };

/** Accounts per network: fifty in all, and one post may go to all of them. X forbids one text on several of its accounts. */
export const ACCOUNTS = { facebook: 24, linkedin: 25, twitter: 1 };
/** Further ones for the full load, taken in turn: one of X's takes a hundred posts in a quarter of an hour. */
export const MORE_ACCOUNTS = { twitter: 11 };
export const CONNECTIONS = [1, 16, 64];

export function options(args) {
  const chosen = { quick: false, binDir: join(ROOT, 'target/release'), peer: undefined, out: join(ROOT, 'target/bench') };
  const rest = [...args];
  const value = name => rest.shift() ?? refuse(`${name} needs a value`);
  let wantsPeer = true;
  while (rest.length > 0) {
    const argument = rest.shift();
    if (argument === '--quick') chosen.quick = true;
    else if (argument === '--no-peer') wantsPeer = false;
    else if (argument === '--bin-dir') chosen.binDir = resolve(value(argument));
    else if (argument === '--out') chosen.out = resolve(value(argument));
    else if (argument === '--help' || argument === '-h') {
      console.log(USAGE);
      process.exit(0);
    } else refuse(`there is no option ${argument}`);
  }
  for (const program of ['arctiv', 'arctiv-sandbox']) {
    if (!existsSync(join(chosen.binDir, program))) {
      refuse(`${join(chosen.binDir, program)} is missing: run scripts/release, or name another folder with --bin-dir`);
    }
  }
  if (wantsPeer) {
    const named = process.env.ARCTIV_PEER;
    const place = named ? resolve(named) : resolve(ROOT, '../shared/peers/next-dashboard');
    if (existsSync(join(place, 'package.json'))) chosen.peer = place;
    else if (named) refuse(`ARCTIV_PEER names ${place}, where no package.json is`);
  }
  return { ...chosen, wantsPeer, time: chosen.quick ? QUICK : FULL };
}

/** About how long all of it takes, seconds. */
export function expected({ time, peer }) {
  const programs = peer ? 2 : 1;
  const loads = programs * 2 * (time.warmUp + CONNECTIONS.length * time.rounds * (time.round + 0.3));
  return Math.round(loads + time.light + time.heavy * 1.5 + time.ceiling + time.raw + time.jobs / 1000 + time.waiting.at(-1) / 20_000 + 45 + (peer ? 80 : 0));
}

function refuse(sentence) {
  console.error(`error: ${sentence}\n${USAGE}`);
  process.exit(2);
}
