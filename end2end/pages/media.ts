import { expect, type Locator } from '@playwright/test';
import type { App } from '../support/fixtures';

export type Payload = { name: string; mimeType: string; buffer: Buffer };

/** Pastes or drops something as the browser does, by its event. Whether the page has taken it for itself. */
async function hand(to: Locator, event: 'paste' | 'drop', what: (Payload | string)[]): Promise<boolean> {
  const sent = what.map(one => (typeof one === 'string' ? one : { ...one, buffer: one.buffer.toString('base64') }));
  return to.evaluate(
    (element, { event, sent }) => {
      const data = new DataTransfer();
      for (const one of sent) {
        if (typeof one === 'string') {
          data.setData('text/plain', one);
          continue;
        }
        const bytes = Uint8Array.from(atob(one.buffer), letter => letter.charCodeAt(0));
        data.items.add(new File([bytes], one.name, { type: one.mimeType }));
      }
      const how = { bubbles: true, cancelable: true, composed: true };
      const taken = (sent: Event) => !element.dispatchEvent(sent);
      if (event === 'paste') return taken(new ClipboardEvent('paste', { ...how, clipboardData: data }));
      // Where nobody takes what is dragged over it, nothing can be dropped.
      const over = taken(new DragEvent('dragover', { ...how, dataTransfer: data }));
      return over && taken(new DragEvent('drop', { ...how, dataTransfer: data }));
    },
    { event, sent },
  );
}

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

  /** Drops files on something, as from a desktop. Whether the page has taken them. */
  async drop(on: Locator, ...files: Payload[]): Promise<boolean> {
    return hand(on, 'drop', files);
  }

  /** Pastes files or words into something. Whether the page has taken them; else they are the browser's to paste. */
  async paste(into: Locator, ...what: (Payload | string)[]): Promise<boolean> {
    return hand(into, 'paste', what);
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
