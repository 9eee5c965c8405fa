/** The simulated networks: the program, the people who consent, and what reached them. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { call, expectStatus, json } from './http.mjs';
import { freePort, plainEnvironment, ready, start } from './processes.mjs';

/** Starts the networks without their call limits: those would be measured instead of the program. */
export async function startSandbox({ binDir, folder, logs }) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const args = ['--fast', '--no-limits', '--allow-duplicates', '--listen', `127.0.0.1:${port}`];
  const log = join(logs, 'sandbox.log');
  const program = start('arctiv-sandbox', join(binDir, 'arctiv-sandbox'), args, { cwd: folder, env: plainEnvironment(), log });
  await ready(program, async () => (await call('GET', `${url}/health`)).status === 200, 30);
  return { url, program };
}

/** Makes accounts that publish, each with a name of its own that is part of no other; `word` tells further ones from the first. */
export async function makeAccounts(url, counts, word = 'account') {
  const made = [];
  for (const [platform, count] of Object.entries(counts)) {
    for (let number = 1; number <= count; number++) {
      const body = { platform, name: `Bench ${platform} ${word} ${String(number).padStart(2, '0')}` };
      const { value } = await json('POST', `${url}/control/accounts`, { body });
      made.push({ platform, id: value.accounts[0].id, name: value.accounts[0].name });
    }
  }
  return made;
}

/** Consents as that account's person; answers where the browser is sent then. */
export async function consent(authorizeUrl, account) {
  const { value: offer } = await json('GET', authorizeUrl, { headers: { accept: 'application/json' } });
  const form = new URLSearchParams({ decision: 'authorize', account });
  for (const scope of offer.scopes) form.append('scope', scope.name);
  const action = new URL(offer.action, authorizeUrl);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await expectStatus(302, 'POST', action, { headers, body: form.toString() });
  return answer.headers.location;
}

/** Everything that was published. */
export async function published(url) {
  return (await json('GET', `${url}/control/posts`)).value.posts;
}

/** How many posts the networks have taken, cheaply enough to ask often. */
export async function publishedCount(url) {
  const { value } = await json('GET', `${url}/control/accounts`);
  return value.accounts.reduce((sum, account) => sum + account.posts, 0);
}

/** A token of X's for an account, got as an application gets it. */
export async function tokenOfX(url, account) {
  const redirect = 'http://127.0.0.1/bench';
  const verifier = randomBytes(32).toString('hex');
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'arctiv-sandbox',
    redirect_uri: redirect,
    scope: 'tweet.read tweet.write users.read',
    state: randomBytes(8).toString('hex'),
    code_challenge: verifier,
    code_challenge_method: 'plain',
  });
  const back = new URL(await consent(`${url}/twitter/i/oauth2/authorize?${query}`, account));
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code: back.searchParams.get('code'),
    redirect_uri: redirect,
    code_verifier: verifier,
  });
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    authorization: `Basic ${Buffer.from('arctiv-sandbox:arctiv-sandbox-secret').toString('base64')}`,
  };
  const answer = await expectStatus(200, 'POST', `${url}/twitter/2/oauth2/token`, { headers, body: form.toString() });
  return JSON.parse(answer.body.toString('utf8')).access_token;
}
