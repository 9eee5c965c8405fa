import { type Browser, type BrowserContext, expect, type Locator, type Page } from '@playwright/test';
import { App } from '../support/fixtures';
import type { Person } from './identity';
import type { Mailbox } from './mailbox';
import { Posts } from './posts';

/** The queue of what waits for somebody's word. */
export class Approvals {
  constructor(readonly app: App) {}

  private get page() {
    return this.app.page;
  }

  async open(): Promise<void> {
    await this.app.open('/approvals');
    await expect(this.page.getByRole('heading', { level: 1, name: 'Approvals' })).toBeVisible();
  }

  get list(): Locator {
    return this.page.getByRole('list', { name: 'Posts that wait for approval' });
  }

  card(text: string): Locator {
    return this.list.getByRole('article').filter({ hasText: text });
  }

  approve(card: Locator): Locator {
    return card.getByRole('button', { name: /^Approve version/ });
  }

  reject(card: Locator): Locator {
    return card.getByRole('button', { name: /^Reject version/ });
  }

  get note(): Locator {
    return this.page.getByLabel('What has to change');
  }

  get sendNote(): Locator {
    return this.page.getByRole('button', { name: 'Reject with this note' });
  }

  get empty(): Locator {
    return this.page.getByRole('heading', { name: 'Nothing waits for approval' });
  }

  /** The history on a post's own page. */
  get log(): Locator {
    return this.page.getByRole('list', { name: 'Approvals, newest first' });
  }
}

/** Somebody else of the team, in a browser of their own. */
export class Colleague {
  readonly app: App;
  readonly posts: Posts;
  readonly approvals: Approvals;

  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    readonly name: string,
  ) {
    this.app = new App(page);
    this.posts = new Posts(this.app);
    this.approvals = new Approvals(this.app);
  }

  /** Invited by the admin on `page`, and joined. */
  static async join(browser: Browser, page: Page, mailbox: Mailbox, admin: Person, role: 'member' | 'editor', name: string): Promise<Colleague> {
    const origin = new URL(page.url()).origin;
    const headers = { origin };
    const me = await (await page.request.get(`${origin}/api/auth/me`)).json();
    if (!me.data.user.email_confirmed) {
      const link = await mailbox.link(admin.email, /^Confirm your email address$/);
      const token = new URL(link, origin).searchParams.get('token');
      expect((await page.request.post(`${origin}/api/auth/confirm-email`, { headers, data: { token } })).status()).toBe(200);
    }
    const email = `${name.toLowerCase().replace(/[^a-z]+/g, '.')}.${crypto.randomUUID().slice(0, 8)}@team.example`;
    const invited = await page.request.post(`${origin}/api/workspaces/current/invitations`, { headers, data: { email, role } });
    expect(invited.status(), await invited.text()).toBe(201);
    const token = (await mailbox.link(email, /invites you to/)).split('/').pop();
    const context = await browser.newContext({ baseURL: origin });
    const joined = await context.request.post('/api/invitations/accept', {
      headers,
      data: { token, full_name: name, password: 'correct horse battery' },
    });
    expect(joined.status(), await joined.text()).toBe(200);
    return new Colleague(context, await context.newPage(), name);
  }

  async leave(): Promise<void> {
    await this.context.close();
  }
}
