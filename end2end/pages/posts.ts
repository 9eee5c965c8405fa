import { expect, type Locator } from '@playwright/test';
import type { App } from '../support/fixtures';
import { jpeg } from '../support/picture';
import type { Platform } from '../support/sandbox';

/** Writing a post, and looking at one. */
export class Posts {
  constructor(readonly app: App) {}

  private get page() {
    return this.app.page;
  }

  async compose(): Promise<void> {
    await this.app.open('/compose');
    await expect(this.text).toBeVisible();
  }

  get text(): Locator {
    return this.page.getByLabel('Text for all platforms');
  }

  async attach(name: string, mimeType: string, buffer: Buffer): Promise<void> {
    await this.page.locator('#post-media').setInputFiles({ name, mimeType, buffer });
  }

  /** A film, until it is there: it is inspected before it counts. */
  async attachFilm(name: string, buffer: Buffer): Promise<void> {
    await this.attach(name, 'video/mp4', buffer);
    await expect(this.page.getByLabel('Alt text for video 1')).toBeVisible({ timeout: 30_000 });
  }

  async attachPicture(name: string, width: number, height: number): Promise<void> {
    await this.attach(name, 'image/jpeg', await jpeg(this.page, width, height));
    await expect(this.alt(1)).toBeVisible();
  }

  alt(image: number): Locator {
    return this.page.getByLabel(`Alt text for image ${image}`);
  }

  /** What is chosen for a platform beyond the words. */
  options(platform: Platform): Locator {
    return this.page.locator(`#options-${platform}-body`);
  }

  /** Opens a platform's options, if they are closed. */
  async openOptions(platform: Platform): Promise<Locator> {
    const head = this.page.locator(`#options-${platform}-head`);
    if ((await head.getAttribute('aria-expanded')) === 'false') await head.click();
    await expect(this.options(platform)).toBeVisible();
    return this.options(platform);
  }

  preview(platform: Platform): Locator {
    return this.page.locator(`[data-preview=${platform}]`);
  }

  /** How the draft is kept. */
  get kept(): Locator {
    return this.page.locator('[data-ui=kept]');
  }

  /** The question what is to become of a draft that was left. */
  get left(): Locator {
    return this.page.locator('[data-ui=left-behind]');
  }

  /** The offer to go on with a draft of another device. */
  get elsewhere(): Locator {
    return this.page.locator('[data-ui=left-elsewhere]');
  }

  /** What the checks have to say. */
  get checks(): Locator {
    return this.page.getByRole('region', { name: 'Checks before saving' });
  }

  visibility(name: 'Publish now' | 'Schedule' | 'Keep private'): Locator {
    return this.page.getByRole('radio', { name: new RegExp(`^${name}`) });
  }

  /** When a scheduled post goes out; what that means is its description. */
  get when(): Locator {
    return this.page.getByRole('button', { name: /^Goes out/ });
  }

  get zone(): Locator {
    return this.page.getByLabel('Time zone');
  }

  /** Another time of the chosen day. */
  async setTime(time: string): Promise<void> {
    await this.when.click();
    const panel = this.page.getByRole('dialog', { name: 'Goes out: date and time' });
    await panel.getByLabel('Time', { exact: true }).fill(time);
    await panel.getByRole('button', { name: 'Done' }).click();
    await expect(panel).toBeHidden();
  }

  get saveButton(): Locator {
    return this.page.getByRole('button', { name: /^Save/ }).first();
  }

  /** Saves, and returns on the post's page. */
  async save(): Promise<void> {
    await this.saveButton.click();
    await expect(this.page).toHaveURL(/\/posts\/[0-9a-f-]{36}$/);
  }

  get undo(): Locator {
    return this.page.getByRole('button', { name: 'Undo' });
  }
}
