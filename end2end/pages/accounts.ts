import { readFile } from 'node:fs/promises';
import { expect, type Locator } from '@playwright/test';
import type { App } from '../support/fixtures';
import type { Platform, SandboxAccount } from '../support/sandbox';
import { Consent } from './consent';

export const PLATFORM_NAMES: Record<Platform, string> = {
  facebook: 'Facebook',
  twitter: 'X',
  linkedin: 'LinkedIn',
  instagram: 'Instagram',
  tiktok: 'TikTok',
  mastodon: 'Mastodon',
};

/** The connected accounts of a workspace, and connecting one. */
export class Accounts {
  constructor(readonly app: App) {}

  private get page() {
    return this.app.page;
  }

  async open(): Promise<void> {
    await this.app.open('/accounts');
  }

  /** Goes to a platform's consent page, by the dialog, or by the list that stands on an empty page. */
  async begin(platform: Platform): Promise<void> {
    const link = this.page.getByRole('link', { name: `Connect ${PLATFORM_NAMES[platform]}` }).first();
    if (!(await link.isVisible())) await this.page.getByRole('button', { name: 'Connect account' }).first().click();
    await link.click();
    await expect(this.page.getByRole('button', { name: 'Authorise' })).toBeVisible();
  }

  /** Connects a simulated account, and returns on the list of accounts. */
  async connect(account: SandboxAccount): Promise<void> {
    await this.open();
    await this.begin(account.platform);
    const consent = new Consent(this.page);
    await consent.choose(account);
    await consent.authorise();
    await expect(this.page).toHaveURL(/\/accounts\?/);
    await this.app.alive();
    await expect(this.page.getByText(`${PLATFORM_NAMES[account.platform]} is connected.`)).toBeVisible();
  }

  /** What the consent just given left out. */
  get withheld(): Locator {
    return this.page.getByRole('region', { name: 'Not everything came along.' });
  }

  card(account: SandboxAccount): Locator {
    return this.page
      .getByRole('list', { name: 'Accounts' })
      .getByRole('listitem')
      .filter({ has: this.switch(account) });
  }

  /** Opens one account's page, from its card. */
  async show(account: SandboxAccount): Promise<void> {
    const card = this.page.getByRole('article', { name: `${PLATFORM_NAMES[account.platform]} account for ${account.name}` });
    await card.getByRole('link', { name: account.name, exact: true }).click();
    await expect(this.page).toHaveURL(/\/accounts\/[0-9a-f-]{36}$/);
    await expect(this.page.getByRole('heading', { level: 1, name: account.name })).toBeVisible();
  }

  /** What happened to a connection, on the account's page; newest first. */
  get log(): Locator {
    return this.page.getByRole('list', { name: 'Connection log' }).getByRole('listitem');
  }

  /** Narrows the log on the account's page; kinds by their words, days as 2026-11-27. */
  async narrowLog(what: { kinds?: string[]; from?: string; to?: string }): Promise<void> {
    await this.page.getByRole('button', { name: /^Filter/ }).click();
    const filter = this.page.getByRole('dialog', { name: 'Filter the connection log' });
    for (const kind of what.kinds ?? []) await filter.getByLabel(kind, { exact: true }).check();
    if (what.from) await filter.getByLabel('From', { exact: true }).fill(what.from);
    if (what.to) await filter.getByLabel('To', { exact: true }).fill(what.to);
    await filter.getByRole('button', { name: 'Show', exact: true }).click();
  }

  /** The lines of the file in which the log is taken away. */
  async exportLog(): Promise<string[]> {
    const download = this.page.waitForEvent('download');
    await this.page.getByRole('link', { name: 'Export CSV' }).click();
    const file = await readFile((await (await download).path()) ?? '', 'utf8');
    return file.trim().split('\r\n');
  }

  switch(account: SandboxAccount): Locator {
    return this.page.getByRole('switch', { name: `New posts go to ${account.name}, ${PLATFORM_NAMES[account.platform]}` });
  }

  async setActive(account: SandboxAccount, active: boolean): Promise<void> {
    await this.switch(account).setChecked(active);
    // The knob moves at once; the server has agreed when it is no longer busy.
    await expect(this.switch(account)).not.toHaveAttribute('aria-busy', 'true');
    await expect(this.switch(account)).toBeChecked({ checked: active });
  }

  /** Switches off what came along with an account: whoever runs a page. */
  async onlyToPublish(account: SandboxAccount): Promise<void> {
    const own = this.switch(account);
    await expect(own).toBeChecked();
    for (const other of await this.page.getByRole('switch', { name: /^New posts go to / }).all()) {
      if ((await other.getAttribute('aria-label')) === (await own.getAttribute('aria-label'))) continue;
      await other.setChecked(false);
      await expect(other).not.toHaveAttribute('aria-busy', 'true');
    }
    await expect(this.page.getByRole('switch', { name: /^New posts go to /, checked: true })).toHaveCount(1);
  }

  async disconnect(account: SandboxAccount): Promise<void> {
    const actions = `Actions for ${account.name}, ${PLATFORM_NAMES[account.platform]}`;
    await this.page.getByRole('button', { name: actions }).click();
    await this.page.getByRole('menuitem', { name: 'Disconnect' }).click();
    await this.page.getByRole('alertdialog').getByRole('button', { name: /^Disconnect/ }).click();
  }
}
