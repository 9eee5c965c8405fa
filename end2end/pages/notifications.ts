import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { expect, type Locator } from '@playwright/test';
import type { App } from '../support/fixtures';

/** Which letters somebody gets. */
export class Letters {
  constructor(readonly app: App) {}

  async open(): Promise<void> {
    await this.app.open('/settings/notifications');
  }

  choice(label: string): Locator {
    return this.app.page.getByRole('checkbox', { name: label });
  }

  async save(): Promise<void> {
    await this.app.page.getByRole('button', { name: 'Save choices' }).click();
    await expect(this.app.page.getByText('Saved.')).toBeVisible();
  }
}

/** The webhooks of a workspace. */
export class Webhooks {
  constructor(readonly app: App) {}

  private get page() {
    return this.app.page;
  }

  get dialog(): Locator {
    return this.page.getByRole('dialog');
  }

  card(url: string): Locator {
    return this.page.getByRole('region', { name: url });
  }

  async open(): Promise<void> {
    await this.app.open('/settings/webhooks');
  }

  /** Adds one by the form; its secret. */
  async add(url: string, events: string[]): Promise<string> {
    await this.page.getByRole('button', { name: 'Add webhook' }).click();
    await this.dialog.getByLabel('Address').fill(url);
    for (const event of events) await this.dialog.getByRole('checkbox', { name: event }).check();
    await this.dialog.getByRole('button', { name: 'Add webhook' }).click();
    const secret = (await this.dialog.locator('[data-secret]').textContent()) ?? '';
    await this.dialog.getByRole('button', { name: 'I have copied it' }).click();
    await expect(this.card(url)).toBeVisible();
    return secret;
  }
}

type Got = { headers: IncomingHttpHeaders; body: string };

/** A program of somebody else's that takes what webhooks send. */
export class Receiver {
  readonly got: Got[] = [];
  /** What it answers. */
  status = 204;
  private server?: Server;

  async start(): Promise<string> {
    const server = createServer((request, answer) => {
      let body = '';
      request.on('data', piece => (body += piece));
      request.on('end', () => {
        this.got.push({ headers: request.headers, body });
        answer.writeHead(this.status).end();
      });
    });
    this.server = server;
    await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
    const address = server.address();
    if (!address || typeof address !== 'object') throw new Error('the receiver has no address');
    return `http://127.0.0.1:${address.port}/hook`;
  }

  async stop(): Promise<void> {
    await new Promise(closed => this.server?.close(closed));
  }

  /** The types of what arrived, if all of it is signed with the secret. */
  types(secret: string): string[] {
    return this.got.map(({ headers, body }) => {
      const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
      const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
      const expected = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
      expect(String(headers['webhook-signature']).split(' ')).toContain(expected);
      return JSON.parse(body).type;
    });
  }
}
