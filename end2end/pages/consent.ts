import type { Page } from '@playwright/test';
import type { SandboxAccount } from '../support/sandbox';

/** A simulated network's own page, on which a person lets an application in, or does not. */
export class Consent {
  constructor(private readonly page: Page) {}

  /** Signs in as the person behind an account and, where it is a page of theirs, hands out that page alone. */
  async choose(account: SandboxAccount): Promise<void> {
    // Instagram's own login lets the account itself in; elsewhere a page is handed out by whoever runs it.
    const itself = (await this.page.locator(`[id="account-${account.id}"]`).count()) > 0;
    const person = itself ? account.id : (account.run_by[0]?.account ?? account.id);
    await this.page.locator(`[id="account-${person}"]`).check();
    for (const box of await this.page.locator(`input[name="asset:${person}"]`).all()) {
      await box.setChecked((await box.inputValue()) === account.id);
    }
  }

  async untick(scope: string): Promise<void> {
    await this.page.locator(`[id="scope-${scope}"]`).uncheck();
  }

  async authorise(): Promise<void> {
    await this.page.getByRole('button', { name: 'Authorise' }).click();
  }

  async cancel(): Promise<void> {
    await this.page.getByRole('button', { name: 'Cancel' }).click();
  }
}
