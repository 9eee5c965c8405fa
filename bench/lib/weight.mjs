/**
 * What the first visit to a page brings to a browser. A real browser says which files it loads; each is then fetched plain and with
 * `accept-encoding: br`, and its body counted.
 */
import { constants, brotliCompressSync } from 'node:zlib';

import { call } from './http.mjs';

export const KINDS = ['html', 'js', 'wasm', 'css', 'fonts', 'images', 'other'];

export async function weigh({ url, path, cookie, alive, browser, compress }) {
  const { files, elsewhere } = await visited({ url, path, cookie, alive, browser });
  const headers = { cookie: `${cookie.name}=${cookie.value}` };
  const weights = Object.fromEntries(KINDS.map(kind => [kind, { files: 0, raw: 0, brotli: 0 }]));
  for (const file of files) {
    const plain = await call('GET', file, { headers: { ...headers, 'accept-encoding': 'identity' } });
    const small = await fetchBrotli(file, headers, plain);
    const weight = weights[kindOf(plain.headers['content-type'] ?? '')];
    weight.files += 1;
    weight.raw += plain.body.length;
    weight.brotli += small ?? (compress ? compressed(plain) : plain.body.length);
  }
  const sum = key => KINDS.reduce((total, kind) => total + weights[kind][key], 0);
  return { kinds: weights, total: { files: sum('files'), raw: sum('raw'), brotli: sum('brotli') }, elsewhere };
}

async function visited({ url, path, cookie, alive, browser }) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    await context.addCookies([{ ...cookie, url }]);
    const page = await context.newPage();
    const files = new Set();
    const complaints = [];
    page.on('pageerror', error => complaints.push(String(error)));
    page.on('console', message => message.type() === 'error' && complaints.push(message.text()));
    let elsewhere = 0;
    page.on('request', request => {
      const address = new URL(request.url());
      if (request.method() !== 'GET' || !address.protocol.startsWith('http')) return;
      if (address.origin !== url) elsewhere += 1;
      // Live events have no end and are no part of a first load.
      else if (request.resourceType() !== 'eventsource') files.add(address.href);
    });
    const answer = await page.goto(`${url}${path}`, { waitUntil: 'load' });
    if (answer?.status() !== 200) throw new Error(`the browser got ${answer?.status()} for ${path}`);
    if (alive) {
      await page
        .locator(alive)
        .waitFor({ state: 'attached', timeout: 60_000 })
        .catch(() => {
          throw new Error(
            `the page did not come to life in the browser: ${complaints.map(one => one.split('\n')[0]).join('; ') || 'it gave no reason'}`,
          );
        });
    }
    await page.waitForTimeout(1_000);
    return { files: [...files], elsewhere };
  } finally {
    await context.close();
  }
}

/** The size of the compressed body, or nothing where the server sends it plain. */
async function fetchBrotli(file, headers, plain) {
  const answer = await call('GET', file, { headers: { ...headers, 'accept-encoding': 'br' } });
  if (answer.headers['content-encoding'] !== 'br' && isText(plain.headers['content-type'] ?? '')) return undefined;
  return answer.body.length;
}

/** For a server that leaves brotli to a proxy: as well as that can, files at the highest level, pages at the usual one. */
function compressed({ body, headers }) {
  const level = kindOf(headers['content-type'] ?? '') === 'html' ? 4 : 11;
  return brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: level } }).length;
}

function isText(type) {
  return /^text\/|javascript|json|wasm|svg|x-component/.test(type);
}

function kindOf(type) {
  if (/^text\/html/.test(type)) return 'html';
  if (/javascript/.test(type)) return 'js';
  if (/wasm/.test(type)) return 'wasm';
  if (/^text\/css/.test(type)) return 'css';
  if (/font/.test(type)) return 'fonts';
  if (/^image\//.test(type)) return 'images';
  return 'other';
}

/** Compressing the largest files takes a program some seconds after its start; until then it sends them plain. */
export async function untilCompressed(url, seconds) {
  const deadline = Date.now() + seconds * 1000;
  const ask = (method, file) => call(method, `${url}/pkg/${file}`, { headers: { 'accept-encoding': method === 'HEAD' ? 'br' : 'identity' } });
  // Before that they are compressed as they are sent, and less.
  const manifest = await ask('GET', '__wasm_split_manifest.json');
  const modules = manifest.status === 200 ? Object.values(JSON.parse(manifest.body)).flat() : [];
  for (const file of ['arctiv.wasm', ...new Set(modules.map(name => `${name}.wasm`))]) {
    while ((await ask('HEAD', file)).headers['content-encoding'] !== 'br') {
      if (Date.now() > deadline) return false;
      await new Promise(done => setTimeout(done, 250));
    }
  }
  return true;
}

/** The browser of the end-to-end tests. */
export async function openBrowser(executablePath) {
  const { chromium } = await import('playwright-core');
  const args = [
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
  ];
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  return chromium.launch({ executablePath, args });
}
