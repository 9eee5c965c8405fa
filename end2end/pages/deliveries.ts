import { expect, type Locator } from '@playwright/test';
import type { App } from '../support/fixtures';
import type { SandboxAccount } from '../support/sandbox';
import { PLATFORM_NAMES } from './accounts';

export type DeliveryStatus = 'pending' | 'publishing' | 'retried' | 'success' | 'failed' | 'canceled';

/** What became of posts: rows on a post's page and on the page of all activity. */
export class Deliveries {
  constructor(readonly app: App) {}

  private get page() {
    return this.app.page;
  }

  get rows(): Locator {
    return this.page.locator('[data-delivery]');
  }

  /** The row of an account. Pages of Facebook and LinkedIn go by name, profiles on X by handle. */
  row(account: SandboxAccount): Locator {
    const platform = this.page.getByText(PLATFORM_NAMES[account.platform], { exact: true });
    return this.rows.filter({ has: platform });
  }

  /** The dead letters by reason, above the rows. */
  get reasons(): Locator {
    return this.page.locator('[data-reason]');
  }

  reason(errorClass: string): Locator {
    return this.page.locator(`[data-reason="${errorClass}"]`);
  }

  async expectStatus(account: SandboxAccount, status: DeliveryStatus, patience = 30_000): Promise<void> {
    await expect(this.row(account)).toHaveAttribute('data-status', status, { timeout: patience });
  }

  async retry(account: SandboxAccount): Promise<void> {
    await this.row(account).getByRole('button', { name: /^Retry/ }).click();
  }
}
