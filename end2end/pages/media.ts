import { expect, type Locator } from '@playwright/test';
import type { App } from '../support/fixtures';

export type Payload = { name: string; mimeType: string; buffer: Buffer };

/** The library, and one of it. */
export class Media {
  constructor(readonly app: App) {}

  private get page() {
    return this.app.page;
  }

  async open(): Promise<void> {
    await this.app.open('/media');
    await expect(this.page.getByRole('heading', { level: 1, name: 'Media' })).toBeVisible();
  }

  /** Adds files, and returns when none of them is on its way any more. */
  async add(...files: Payload[]): Promise<void> {
    await this.page.locator('#library-files').setInputFiles(files);
    for (const file of files) {
      await expect(this.page.getByRole('progressbar', { name: `Uploading ${file.name}` })).toHaveCount(0, { timeout: 30_000 });
    }
  }

  upload(name: string): Locator {
    return this.page.locator('[data-ui="upload-row"]').filter({ hasText: name });
  }

  tile(name: string): Locator {
    return this.page.getByRole('list', { name: 'Media' }).getByRole('listitem').filter({ hasText: name });
  }

  /** Opens one asset's page. */
  async show(name: string): Promise<void> {
    await this.tile(name).getByRole('link').click();
    await expect(this.page).toHaveURL(/\/media\/[0-9a-f-]{36}$/);
    await expect(this.page.getByRole('heading', { level: 1, name })).toBeVisible();
  }

  get alt(): Locator {
    return this.page.getByLabel('Alt text');
  }

  get tags(): Locator {
    return this.page.getByLabel('Tags');
  }

  async save(): Promise<void> {
    await this.page.getByRole('button', { name: 'Save description' }).click();
    await expect(this.page.getByText('Saved')).toBeVisible();
  }
}
