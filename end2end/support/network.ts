/**
 * What every network's suite has in common: one workspace with one account, connected on the network's own consent page; a post
 * from the composer, seen on the network and in its log; and what most often goes wrong there, up to what a person does about it.
 */
import type { BrowserContext, Page } from '@playwright/test';
import { Accounts, PLATFORM_NAMES } from '../pages/accounts';
import type { Calendar } from '../pages/calendar';
import { Consent } from '../pages/consent';
import type { Deliveries, DeliveryStatus } from '../pages/deliveries';
import type { Posts } from '../pages/posts';
import { type App, expect, test as base } from './fixtures';
import { jpeg } from './picture';
import { type Fault, masked, type Platform, type Sandbox, type SandboxAccount, type SandboxPost, type SandboxRequest } from './sandbox';

/** A request that is expected: `POST /+/{id}/feed`, where `+` stands for any part and `{id}` for the account. */
export type Asked = { call: string; query?: object; headers?: object; body?: object | null };

export type Network = {
  platform: Platform;
  /** What is connected, where it is not the platform's usual kind; it gets the posts alone, without whoever runs it. */
  kind?: SandboxAccount['kind'];
  /** The words of the post. They go to nobody else. */
  text: string;
  /** The first comment, where there is one. */
  comment?: string;
  /** Writes the rest of the post: media, and what can be chosen on this network. */
  compose: (at: { page: Page; posts: Posts; account: SandboxAccount }) => Promise<void>;
  /** What connecting asks of the network, in this order. */
  connecting: Asked[];
  /** All that saving asks of the network, in this order; a question that is repeated until the answer is there counts once. */
  publishing: (the: { post: SandboxPost }) => Asked[];
  /** Whether the network says where the post is; it does, unless this says otherwise. */
  addressed?: boolean;
  /** What the network has made of it, beside the words. */
  made: object;
  faults: Trouble[];
};

/** What goes wrong, and how it ends. */
export type Trouble = { name: string; happens: (scene: Scene) => Promise<void> };

type Member = {
  cookies: Awaited<ReturnType<BrowserContext['cookies']>>;
  account: SandboxAccount;
  /** What the network was asked while the account was connected, and the code that the browser brought back. */
  connecting: { requests: SandboxRequest[]; code: string };
  media?: string;
};

/** One test's place in a network's workspace. */
export class Scene {
  constructor(
    readonly app: App,
    readonly accounts: Accounts,
    readonly calendar: Calendar,
    readonly deliveries: Deliveries,
    readonly posts: Posts,
    readonly sandbox: Sandbox,
    readonly member: Member,
  ) {}

  get page(): Page {
    return this.app.page;
  }

  get account(): SandboxAccount {
    return this.member.account;
  }

  get row() {
    return this.deliveries.row(this.account);
  }

  async fault(fault: Omit<Fault, 'platform' | 'account' | 'times'>): Promise<void> {
    await this.sandbox.fault({ platform: this.account.platform, account: this.account.id, times: 1, ...fault });
  }

  /** The API is asked by a page of ours. */
  private async somewhere(): Promise<void> {
    if (!this.page.url().startsWith('http')) await this.page.goto('/health');
  }

  /** A picture that every network takes, in the workspace's library. */
  async picture(): Promise<string> {
    if (!this.member.media) {
      await this.somewhere();
      const origin = new URL(this.page.url()).origin;
      const file = { name: 'harbour.jpg', mimeType: 'image/jpeg', buffer: await jpeg(this.page, 1080, 1080) };
      const answer = await this.page.request.post('/api/media', { headers: { origin }, multipart: { file, alt_text: 'A harbour' } });
      expect(answer.ok(), await answer.text()).toBe(true);
      this.member.media = (await answer.json()).data.id;
    }
    return this.member.media as string;
  }

  /** Saves a post, which goes out at once, and opens its page. */
  async send(post: { body: string; media_assets?: string[]; options?: object }): Promise<void> {
    await this.somewhere();
    const { id } = await this.calendar.save({ visibility: 'public', ...post });
    await this.app.open(`/posts/${id}`);
  }

  /** The row comes to this by itself: nobody reloads the page. */
  async comesTo(status: DeliveryStatus, words?: string | RegExp): Promise<void> {
    await this.deliveries.expectStatus(this.account, status, 40_000);
    if (words) await expect(this.row).toContainText(words);
  }

  async retry(): Promise<void> {
    await this.deliveries.retry(this.account);
    await this.comesTo('success');
  }

  /** Lets Arctiv in again, by the link in the row, and comes back to the post. */
  async reconnect(): Promise<void> {
    const post = new URL(this.page.url()).pathname;
    await this.row.getByRole('link', { name: /^Reconnect/ }).click();
    await this.consent();
    await expect(this.page).toHaveURL(new RegExp(`${post}\\?`));
  }

  /** Says yes on the network's consent page, and returns where that leads to. */
  async consent(): Promise<void> {
    const consent = new Consent(this.page);
    await consent.choose(this.account);
    await consent.authorise();
    await expect(this.page).toHaveURL(url => url.origin !== new URL(this.sandbox.url).origin);
    await this.app.alive();
  }

  /** What is published, words alone, oldest first. */
  async published(): Promise<string[]> {
    return (await this.sandbox.posts(this.account)).map(post => post.text);
  }
}

/** Of this process: tests of one network follow each other in it. */
const members = new Map<string, Member>();

const test = base.extend<{ platform: Platform; kind: SandboxAccount['kind'] | undefined; scene: Scene }>({
  platform: ['facebook', { option: true }],
  kind: [undefined, { option: true }],
  /** A network's workspace; the first to ask registers it and connects its account. */
  scene: async ({ accounts, app, calendar, context, deliveries, identity, kind, page, platform, posts, sandbox }, use) => {
    const what = `${platform} ${kind}`;
    let member = members.get(what);
    if (member) {
      await context.addCookies(member.cookies);
    } else {
      const person = identity.somebody('client');
      await identity.register(person);
      const account = await sandbox.account(platform, `Larch ${person.email.slice(5, 9)}`, kind);
      const before = (await sandbox.requests(platform)).length;
      let code = '';
      page.on('request', request => {
        const url = new URL(request.url());
        if (url.pathname === `/api/oauth/${platform}/callback`) code = url.searchParams.get('code') ?? '';
      });
      await accounts.connect(account);
      if (kind) await accounts.onlyToPublish(account);
      const requests = (await sandbox.requests(platform)).slice(before);
      member = { cookies: await context.cookies(), account, connecting: { requests, code } };
      members.set(what, member);
    }
    await use(new Scene(app, accounts, calendar, deliveries, posts, sandbox, member));
  },
});

export function suite(network: Network): void {
  const { platform, kind } = network;
  const name = PLATFORM_NAMES[platform];
  test.describe(kind ? `${name}, a ${kind}` : name, () => {
    // One after the other, in one workspace.
    test.describe.configure({ mode: 'default' });
    test.use({ platform, kind });

    test('connected on its consent page, posted to, and asked as its documentation says', async ({ page, posts, sandbox, scene }) => {
      const { account } = scene;
      connectedAsTold(network, account, scene.member.connecting);

      await posts.compose();
      await posts.text.fill(network.text);
      await network.compose({ page, posts, account });
      const saved = (await sandbox.requests(platform)).length;
      await posts.save();
      await scene.comesTo('success', `Published on ${name}`);
      if (network.comment) await expect(scene.row).toContainText('First comment written', { timeout: 20_000 });

      // Where a comment is a reply, it is a post of its own.
      const published = await sandbox.posts(account);
      const [post, ...again] = published.filter(one => one.text === network.text);
      expect(again).toHaveLength(0);
      expect(post).toMatchObject({ text: network.text, ...network.made });
      const replies = published.filter(one => one !== post);
      const below = (replies.length > 0 ? replies : post.comments).map(one => one.text);
      expect(below).toEqual(network.comment ? [network.comment] : []);
      const asked = (await sandbox.requests(platform)).slice(saved);
      publishedAsTold(network, account, asked, network.publishing({ post }));

      // The network shows it, also where the row leads to.
      const there = await page.context().newPage();
      await there.goto(`${sandbox.url}/posts?platform=${platform}&account=${encodeURIComponent(account.id)}`);
      const shown = there.locator(`section[data-account="${account.id}"]`);
      await expect(shown.locator('article').filter({ hasText: network.text })).toHaveCount(1);
      if (network.comment) await expect(shown).toContainText(network.comment);
      const link = scene.row.getByRole('link', { name: /^View the post/ });
      if (network.addressed === false) {
        await expect(link).toHaveCount(0);
      } else {
        await there.goto((await link.getAttribute('href')) ?? '');
        await expect(there.locator('body')).toContainText(network.text);
      }
      await there.close();
    });

    for (const trouble of network.faults) test(trouble.name, async ({ scene }) => trouble.happens(scene));
  });
}

/** The order holds whatever other tests ask the same network meanwhile; our own exchange is known by its code. */
function connectedAsTold(network: Network, account: SandboxAccount, { requests, code }: Member['connecting']): void {
  const exchange = requests.find(request => request.operation === 'token' && request.body?.code === masked(code));
  expect(exchange, 'the code was exchanged, once').toBeDefined();
  expect(requests.filter(request => request.body?.code === masked(code))).toHaveLength(1);
  let from = 0;
  for (const asked of network.connecting) {
    const found = requests.findIndex((request, at) => at >= from && fits(request, asked, account));
    expect(found, `${asked.call} after request ${from} of\n${told(requests)}`).not.toBe(-1);
    from = found + 1;
  }
}

/** Every request of the account since the post was saved, and no other. */
function publishedAsTold(network: Network, account: SandboxAccount, requests: SandboxRequest[], expected: Asked[]): void {
  const words = JSON.stringify(network.text).slice(1, 20);
  const own = requests.find(request => JSON.stringify(request.body ?? '').includes(words));
  const token = own && secret(own);
  expect(token, 'the request with the words, and its token').toBeTruthy();
  // Addresses to upload to are a permission by themselves.
  const ours = requests.filter(request => secret(request) === token || (!secret(request) && request.method === 'PUT'));
  const once = ours.filter((request, at) => at === 0 || !same(request, ours[at - 1]));
  for (const [at, asked] of expected.entries()) {
    const request = once[at];
    expect(request && shape(request), `request ${at + 1} is ${asked.call} in ${told(once)}`).toMatch(pattern(asked.call, account));
    expect(request).toMatchObject(parts(asked));
    expect(request.status, asked.call).toBeLessThan(400);
  }
  expect(told(once.slice(expected.length)), 'and nothing else').toBe('');
}

const shape = (request: SandboxRequest) => `${request.method} ${request.path}`;

const told = (requests: SandboxRequest[]) => requests.map(request => `${shape(request)} ${JSON.stringify(request.body)}`).join('\n');

const parts = ({ call: _, ...rest }: Asked) => rest;

function pattern(call: string, account: SandboxAccount): RegExp {
  const quoted = call.replaceAll('{id}', account.id).replace(/[.*?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${quoted.replaceAll('+', '[^/]+')}$`);
}

function fits(request: SandboxRequest, asked: Asked, account: SandboxAccount): boolean {
  if (!pattern(asked.call, account).test(shape(request))) return false;
  try {
    expect(request).toMatchObject(parts(asked));
    return true;
  } catch {
    return false;
  }
}

function secret(request: SandboxRequest): string | undefined {
  const bearer = request.headers.authorization?.match(/^(?:Bearer|OAuth) (\S+)$/)?.[1];
  return bearer ?? (request.body?.access_token as string) ?? (request.query?.access_token as string);
}

function same(one: SandboxRequest, other: SandboxRequest): boolean {
  const face = (request: SandboxRequest) => JSON.stringify([shape(request), request.query, request.body]);
  return one.method === 'GET' || /status|query/.test(one.path) ? face(one) === face(other) : false;
}
