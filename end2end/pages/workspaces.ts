import type { Locator, Page } from '@playwright/test';

/** The switcher in the top bar, and the page of one's workspaces. */
export class Workspaces {
  readonly switcher: Locator;
  readonly name: Locator;

  constructor(readonly page: Page) {
    this.switcher = page.getByRole('button', { name: /^Workspace: / });
    this.name = page.getByLabel('Name', { exact: true });
  }

  /** Makes a further workspace, on its page. */
  async make(name: string, kind: 'Client' | 'Manager' | 'Agency') {
    await this.name.fill(name);
    await this.page.getByRole('radio', { name: new RegExp(`^${kind}`) }).check();
    await this.page.getByRole('button', { name: 'Make workspace' }).click();
  }

  /** Goes to another one, by the menu. */
  async go(name: string) {
    await this.switcher.click();
    await this.page.getByRole('menuitem', { name: new RegExp(`^${name}`) }).click();
  }
}
