/** What every test builds on: pages that wait for the page to live, the simulated networks, and a look for barriers. */
import AxeBuilder from '@axe-core/playwright';
import { test as base, expect, type Page } from '@playwright/test';
import { Accounts } from '../pages/accounts';
import { Audit } from '../pages/audit';
import { Calendar } from '../pages/calendar';
import { Consent } from '../pages/consent';
import { Deliveries } from '../pages/deliveries';
import { Identity, type Person } from '../pages/identity';
import { Mailbox } from '../pages/mailbox';
import { Media } from '../pages/media';
import { Posts } from '../pages/posts';
import { Sandbox } from './sandbox';

/** Opens addresses of the program, and returns when the page answers to clicks. */
export class App {
  constructor(readonly page: Page) {}

  async open(path: string): Promise<void> {
    await this.page.goto(path);
    await this.alive();
  }

  /** Until the browser has taken the page over, a click on it may be lost. */
  async alive(): Promise<void> {
    await expect(this.page.locator('html')).toHaveAttribute('data-hydrated', 'true');
  }
}

/** Until the theme has changed and nothing fades any more: colours on their way have the contrast of neither. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await new Promise(painted => requestAnimationFrame(() => requestAnimationFrame(painted)));
    const ending = document.getAnimations().filter(one => one.effect?.getComputedTiming().iterations !== Infinity);
    await Promise.allSettled(ending.map(one => one.finished));
  });
}

type Fixtures = {
  app: App;
  identity: Identity;
  accounts: Accounts;
  audit: Audit;
  calendar: Calendar;
  consent: Consent;
  media: Media;
  posts: Posts;
  deliveries: Deliveries;
  sandbox: Sandbox;
  mailbox: Mailbox;
  /** A client who has just registered and is signed in. */
  client: Person;
  /** Fails the test if axe finds anything on the page as it is, in light or in dark. */
  noBarriers: (where: string) => Promise<void>;
  /** Fails the test if the page wrote an error to the console. Always on. */
  quietConsole: void;
};

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: support/program.ts sets it`);
  return value;
}

export const test = base.extend<Fixtures>({
  baseURL: async ({}, use) => use(required('ARCTIV_URL')),
  app: async ({ page }, use) => use(new App(page)),
  identity: async ({ app }, use) => use(new Identity(app)),
  accounts: async ({ app }, use) => use(new Accounts(app)),
  audit: async ({ app }, use) => use(new Audit(app)),
  calendar: async ({ app }, use) => use(new Calendar(app)),
  consent: async ({ page }, use) => use(new Consent(page)),
  media: async ({ app }, use) => use(new Media(app)),
  posts: async ({ app }, use) => use(new Posts(app)),
  deliveries: async ({ app }, use) => use(new Deliveries(app)),
  sandbox: async ({ request }, use) => use(new Sandbox(request, required('SANDBOX_URL'))),

  mailbox: async ({ request }, use) => use(new Mailbox(request)),

  client: async ({ identity }, use) => {
    const person = identity.somebody('client');
    await identity.register(person);
    await use(person);
  },

  noBarriers: async ({ page }, use) => {
    await use(async where => {
      for (const scheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
        // A page may change while it is looked at; a barrier stays.
        for (let looks = 3; looks > 0; looks--) {
          await settled(page);
          const { violations } = await new AxeBuilder({ page }).analyze();
          const found = violations.map(one => `${one.id}: ${one.help}\n  ${one.nodes.map(node => node.html).join('\n  ')}`);
          if (found.length === 0) break;
          if (looks === 1) expect(found, `${where}, ${scheme}`).toEqual([]);
        }
      }
      await page.emulateMedia({ colorScheme: null, reducedMotion: null });
    });
  },

  quietConsole: [
    async ({ page, javaScriptEnabled }, use, testInfo) => {
      const errors: string[] = [];
      page.on('console', message => {
        // Refusals (4xx) are part of some tests; the browser notes each.
        const refusal = /Failed to load resource: the server responded with a status of 4/.test(message.text());
        // So is being without a network, in those that cut it.
        const cut = /net::ERR_INTERNET_DISCONNECTED/.test(message.text());
        if (message.type() === 'error' && !refusal && !cut) errors.push(`${message.text()} (${message.location().url})`);
      });
      page.on('pageerror', error => errors.push(String(error)));
      await use();
      // What was opened last has a life too, and its own errors.
      if (javaScriptEnabled && testInfo.status === testInfo.expectedStatus && !page.isClosed()) {
        await page.waitForFunction(
          () => !document.querySelector('script[type=module]') || document.documentElement.hasAttribute('data-hydrated'),
        );
      }
      expect(errors, 'errors on the console').toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };
