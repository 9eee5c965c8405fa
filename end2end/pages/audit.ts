import { expect, type Locator } from '@playwright/test';
import type { App } from '../support/fixtures';

/** The audit log. */
export class Audit {
  constructor(readonly app: App) {}

  private get page() {
    return this.app.page;
  }

  async open(query = ''): Promise<void> {
    await this.app.open(`/settings/audit${query}`);
    await expect(this.page.getByRole('heading', { level: 1, name: 'Audit log' })).toBeVisible();
  }

  /** The events of an action, newest first. */
  events(action?: string): Locator {
    return this.page.locator(action ? `[data-action="${action}"]` : '[data-action]');
  }

  async narrow(what: { kind?: string; from?: string; to?: string }): Promise<void> {
    if (what.kind) await this.page.getByLabel('What', { exact: true }).selectOption({ label: what.kind });
    if (what.from) await this.page.getByLabel('From', { exact: true }).fill(what.from);
    if (what.to) await this.page.getByLabel('To', { exact: true }).fill(what.to);
    await this.page.getByRole('button', { name: 'Show', exact: true }).click();
  }
}
