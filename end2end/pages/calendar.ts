import { type APIResponse, expect, type Locator } from '@playwright/test';
import type { App } from '../support/fixtures';

export type Saved = { id: string; status: string; version: number; scheduled_at: string | null; scheduled_local: string | null };

/** The calendar, and posts made for it. */
export class Calendar {
  constructor(readonly app: App) {}

  private get page() {
    return this.app.page;
  }

  async open(view: 'month' | 'week' | 'day', date: string): Promise<void> {
    await this.app.open(`/calendar?view=${view}&date=${date}`);
    await expect(this.sheet).toBeVisible();
  }

  get sheet(): Locator {
    return this.page.locator('[data-sheet]');
  }

  event(text: string): Locator {
    return this.sheet.locator('[data-event]').filter({ hasText: text });
  }

  /** The cell of a day of a month, counted from the first day that is shown; or of an hour of a week's day. */
  cell(day: number, hour?: number): Locator {
    return this.sheet.locator(`[data-place="${hour === undefined ? day : `${day}.${hour}`}"]`);
  }

  get said(): Locator {
    return this.page.locator('[role=status][aria-live=assertive]');
  }

  /** Drags one thing onto another, as a hand does: in several steps. */
  async drag(from: Locator, to: Locator): Promise<void> {
    await to.scrollIntoViewIfNeeded();
    const [start, end] = [await from.boundingBox(), await to.boundingBox()];
    if (!start || !end) throw new Error('nothing to drag, or nowhere to drag it');
    await this.page.mouse.move(start.x + 20, start.y + start.height / 2);
    await this.page.mouse.down();
    await this.page.mouse.move(start.x + 30, start.y + start.height / 2 + 8, { steps: 3 });
    await this.page.mouse.move(end.x + end.width / 2, end.y + end.height - 8, { steps: 8 });
    await this.page.mouse.up();
  }

  /** Asks the REST API as the signed-in person. */
  async api(method: 'get' | 'post' | 'patch' | 'delete', path: string, data?: unknown): Promise<APIResponse> {
    const origin = new URL(this.page.url()).origin;
    return this.page.request[method](path, { data, headers: { origin } });
  }

  async save(post: Record<string, unknown>): Promise<Saved> {
    const answer = await this.api('post', '/api/content', post);
    expect(answer.status(), await answer.text()).toBe(201);
    return (await answer.json()).data;
  }

  async read(id: string): Promise<Saved> {
    return (await (await this.api('get', `/api/content/${id}`)).json()).data;
  }
}
