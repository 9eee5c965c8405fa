/** The dashboard and the list of accounts under load, of all programs that show them, in turn. */
import { load, median, verify } from './load.mjs';
import { CONNECTIONS } from './options.mjs';

const PAGES = [
  { key: 'dashboard', name: '/dashboard/client', paths: { arctiv: '/dashboard/client', peer: '/dashboard' } },
  { key: 'api', name: '/api/social-accounts', paths: { arctiv: '/api/social-accounts?limit=100', peer: '/api/social-accounts' } },
];

/**
 * `sides` are the programs: `{key, url, headers(), names}`. `measured` tells what was used while something ran. Answers a list of pages,
 * each with figures by connections and side, and how much of the machine other programs used meanwhile.
 */
export async function measurePages({ sides, time, measured, say }) {
  const pages = [];
  const others = [];
  for (const page of PAGES) {
    const targets = sides.map(side => ({ ...side, address: `${side.url}${page.paths[side.key]}` }));
    for (const side of targets) {
      side.answerBytes = await verify({ url: side.address, headers: side.headers(), names: side.names });
      await load(side.address, { connections: 16, seconds: time.warmUp, headers: side.headers() });
    }
    const at = {};
    for (const connections of CONNECTIONS) {
      say(`${page.name} over ${connections} connection${connections === 1 ? '' : 's'}`);
      const rounds = Object.fromEntries(targets.map(side => [side.key, []]));
      for (let round = 0; round < time.rounds; round++) {
        for (const side of targets) {
          const { headers, answerBytes } = side;
          const cost = await measured(() =>
            load(side.address, { connections, seconds: time.round, headers: headers(), answerBytes }),
          );
          const each = name => (cost.used[name] / cost.value.requests) * 1000;
          rounds[side.key].push({ ...cost.value, cpu: each(side.key), databaseCpu: each('database'), others: cost.others });
          others.push(cost.others);
        }
      }
      at[connections] = Object.fromEntries(Object.entries(rounds).map(([key, list]) => [key, { ...median(list), rounds: list }]));
    }
    for (const side of targets) await verify({ url: side.address, headers: side.headers(), names: side.names });
    pages.push({ key: page.key, name: page.name, at });
  }
  return { pages, others: others.reduce((sum, share) => sum + share, 0) / others.length };
}
