/** A small HTTP client that follows no redirects and unpacks nothing, so that bytes can be counted. */
import http from 'node:http';

const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });

/** Answers `{status, headers, body}`; `body` is what came over the wire, without the framing of chunks. */
export function call(method, url, { headers = {}, body, timeout = 30_000 } = {}) {
  return new Promise((done, failed) => {
    const request = http.request(url, { method, headers, agent, timeout }, response => {
      const parts = [];
      response.on('data', part => parts.push(part));
      response.on('error', failed);
      response.on('end', () => done({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }));
    });
    request.on('timeout', () => request.destroy(new Error(`${method} ${url} took longer than ${timeout / 1000} s`)));
    request.on('error', failed);
    request.end(body);
  });
}

/** A call that must end with one of these statuses. The query of an address may hold a code, so it is not repeated. */
export async function expectStatus(statuses, method, url, options) {
  const answer = await call(method, url, options);
  if (![statuses].flat().includes(answer.status)) {
    const place = String(url).split('?')[0];
    throw new Error(`${method} ${place} answered ${answer.status}: ${answer.body.toString('utf8', 0, 600)}`);
  }
  return answer;
}

/** JSON in and out. */
export async function json(method, url, { body, headers = {}, status = 200 } = {}) {
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const type = sent === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await expectStatus(status, method, url, { headers: { ...type, ...headers }, body: sent });
  return { ...answer, value: JSON.parse(answer.body.toString('utf8')) };
}

export function closeAll() {
  agent.destroy();
}
