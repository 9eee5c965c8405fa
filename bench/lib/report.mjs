/** The figures as a table for people and as JSON for programs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { CONNECTIONS } from './options.mjs';
import { KINDS } from './weight.mjs';

const AIMS = {
  dashboard: 12,
  api: 6,
  memory: 1 / 8,
  firstLoad: 350_000,
  perSecond: 1000,
  ofRaw: 0.25,
  p50: 60,
  p99: 400,
  claiming: 1.3,
  film: 60_000_000,
};
/** The aims are for this many connections. */
const AIMED = 16;

const number = (value, digits = 0) =>
  value === undefined ? '–' : value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const ms = value => number(value, value < 10 ? 2 : 1);
const kb = bytes => number(bytes / 1000, 1);
const mb = bytes => number(bytes / 1e6, 0);
const percent = share => `${number(share * 100)} %`;

/** Rows of cells as columns, the first to the left, the others to the right. */
function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map(row => row[column].length)));
  return rows.map(row =>
    `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('   ')}`.trimEnd(),
  );
}

export function print(result) {
  const { machine, pages, memory, weight, light, heavy, ceiling, raw, queue, claims, peer } = result;
  const lines = [
    '',
    `Arctiv ${machine.commit}, ${machine.build}; ${machine.cores} cores (${machine.processor}), PostgreSQL ${machine.postgres}, ${machine.date}`,
  ];
  if (result.quick) lines.push('A quick run: its figures mean little.');

  lines.push(
    '',
    `Pages with ${result.accounts} accounts, signed in (medians of ${result.rounds} rounds of ${result.roundSeconds} s${peer ? ', both programs in turn' : ''})`,
  );
  const rows = [
    ['', 'connections', '', 'requests/s', 'p50 ms', 'p99 ms', 'CPU ms each', 'and database', ...(peer ? ['ratio'] : [])],
  ];
  for (const page of pages) {
    for (const connections of CONNECTIONS) {
      const { arctiv, peer: its } = page.at[connections];
      const cells = one => [number(one.perSecond), ms(one.p50), ms(one.p99), number(one.cpu, 2), number(one.databaseCpu, 2)];
      const first = connections === CONNECTIONS[0] ? page.name : '';
      rows.push([
        first,
        String(connections),
        'Arctiv',
        ...cells(arctiv),
        ...(its ? [`${number(arctiv.perSecond / its.perSecond, 1)} ×`] : []),
      ]);
      if (its) rows.push(['', '', peer, ...cells(its), '']);
    }
  }
  lines.push(...table(rows));
  lines.push(`  Other programs used ${percent(result.others)} of the machine meanwhile.`);

  lines.push('', 'Resident memory, MB');
  lines.push(
    ...table([
      ['', 'at start', 'after that load', 'after the deliveries'],
      ['arctiv', mb(memory.arctiv.start), mb(memory.arctiv.load), mb(memory.arctiv.deliveries)],
      ...(peer ? [[peer, mb(memory.peer.start), mb(memory.peer.load), '–']] : []),
    ]),
  );

  lines.push('', 'First load of the dashboard in a browser, KB');
  if (weight) {
    const sides = [['Arctiv', weight.arctiv], ...(peer ? [[peer, weight.peer]] : [])];
    const shown = KINDS.filter(kind => sides.some(([, side]) => side.kinds[kind].files > 0));
    lines.push(
      ...table([
        ['', ...sides.flatMap(([name]) => [`${name} files`, 'raw', 'brotli'])],
        ...[...shown, 'total'].map(kind => [
          kind,
          ...sides.flatMap(([, side]) => {
            const one = kind === 'total' ? side.total : side.kinds[kind];
            return [String(one.files), kb(one.raw), kb(one.brotli)];
          }),
        ]),
      ]),
    );
    if (!weight.compressed) lines.push('  This build sends its files uncompressed: sizes of a release build are what counts.');
    if (weight.arctiv.elsewhere > 0)
      lines.push(`  Without ${weight.arctiv.elsewhere} pictures of accounts, which come from the networks.`);
    if (peer) lines.push(`  ${peer} leaves brotli to a proxy; its files were compressed here, at the highest level.`);
  } else lines.push('  left out: Chromium is not installed (scripts/setup bench)');

  lines.push(
    '',
    "Deliveries, from the saved post to the networks' acceptance (default settings: one at a time per account, 48 per network, 96 in all)",
  );
  const full = heavy.cost;
  const each = name => number((full.used[name] / heavy.deliveries) * 1000, 2);
  lines.push(
    `  full load      ${number(heavy.perSecond)} deliveries/s   (${number(heavy.posts)} posts to ${heavy.accountsPerPost} accounts each, ${number(heavy.deliveries)} deliveries in ${number(heavy.seconds, 1)} s, each arrived once)`,
    `                 CPU ms per delivery: arctiv ${each('arctiv')}, PostgreSQL ${each('database')}, simulated networks ${each('sandbox')}; other programs used ${percent(full.others)} of the machine, ${percent(full.idle)} was idle`,
    `  beside it      ${number(ceiling.perSecond)} posts/s the simulated networks take from wrk with nothing behind it (${percent(heavy.perSecond / ceiling.perSecond)})`,
    `                 ${number(raw.perSecond)} rows/s that pgbench claims with SKIP LOCKED and finishes, over as many connections on the same PostgreSQL (${percent(heavy.perSecond / raw.perSecond)})`,
    `                 ${number(queue.perSecond)} jobs/s that do nothing in graphile-worker, likewise (${number(heavy.perSecond / queue.perSecond, 2)} ×)`,
    `  claiming       ${claims.map(one => `${ms(one.ms)} ms with ${number(one.waiting)} waiting`).join(', ')} (${number(claims.at(-1).ms / claims[0].ms, 2)} ×)`,
    `  light load     saved → accepted p50 ${ms(light.p50)} ms, p99 ${ms(light.p99)} ms   (${light.accountsPerPost} accounts per post, ${number(light.deliveries)} deliveries; ${Object.entries(
      light.byPlatform,
    )
      .map(([name, one]) => `${name} p50 ${ms(one.p50)}`)
      .join(', ')})`,
  );

  lines.push('', 'Aims', ...table(result.aims.map(aim => [aim.name, aim.wanted, aim.seen, aim.reached ? 'reached' : 'MISSED'])));
  if (!peer) lines.push(`  ${result.withoutPeer}`);
  lines.push('', `Took ${number(result.seconds)} s. The figures as JSON: ${result.file}`, '');
  console.log(lines.join('\n'));
}

/** What is aimed at, and whether it was reached in this run. */
export const aims = result => [...(result.peer ? besideThePeer(result) : []), ...ofDeliveries(result)];

const most = (name, limit, seen, shown) => ({ name, wanted: `≤ ${shown(limit)}`, seen: shown(seen), reached: seen <= limit });
const least = (name, limit, seen, shown) => ({ name, wanted: `≥ ${shown(limit)}`, seen: shown(seen), reached: seen >= limit });

function ofDeliveries({ heavy, raw, light, claims, film }) {
  return [
    least('deliveries a second', AIMS.perSecond, heavy.perSecond, number),
    least("their share of pgbench's raw limit", AIMS.ofRaw, heavy.perSecond / raw.perSecond, percent),
    most('saved → accepted, p50', AIMS.p50, light.p50, value => `${ms(value)} ms`),
    most('saved → accepted, p99', AIMS.p99, light.p99, value => `${ms(value)} ms`),
    most(
      `claiming with ${number(claims.at(-1).waiting)} waiting`,
      AIMS.claiming,
      claims.at(-1).ms / claims[0].ms,
      value => `${number(value, 2)} ×`,
    ),
    most('memory above idle for the film', AIMS.film, film.above, value => `${mb(value)} MB`),
  ];
}

function besideThePeer({ pages, memory, weight }) {
  const found = [];
  for (const page of pages) {
    const { arctiv, peer: its } = page.at[AIMED];
    const ratio = arctiv.perSecond / its.perSecond;
    found.push(
      {
        name: `${page.name}: requests/s at ${AIMED} connections`,
        wanted: `≥ ${AIMS[page.key]} ×`,
        seen: `${number(ratio, 1)} ×`,
        reached: ratio >= AIMS[page.key],
      },
      {
        name: `${page.name}: p99 under its p50`,
        wanted: `< ${ms(its.p50)} ms`,
        seen: `${ms(arctiv.p99)} ms`,
        reached: arctiv.p99 < its.p50,
      },
    );
  }
  const share = memory.arctiv.load / memory.peer.load;
  found.push({
    name: 'resident memory after that load',
    wanted: '< 1/8',
    seen: `1/${number(1 / share, 1)}`,
    reached: share < AIMS.memory,
  });
  if (weight?.compressed) {
    const { brotli } = weight.arctiv.total;
    found.push({
      name: `first load, brotli (its ${kb(weight.peer.total.brotli)} KB)`,
      wanted: `≤ ${kb(AIMS.firstLoad)} KB`,
      seen: `${kb(brotli)} KB`,
      reached: brotli <= AIMS.firstLoad,
    });
  }
  return found;
}

/** Writes it twice: under its time, and as the latest. */
export function save(result, folder) {
  mkdirSync(folder, { recursive: true });
  const text = `${JSON.stringify(result, null, 2)}\n`;
  writeFileSync(join(folder, `${result.machine.date.replaceAll(/[:.]/g, '-')}.json`), text);
  writeFileSync(join(folder, 'latest.json'), text);
}
