import { type APIRequestContext, expect } from '@playwright/test';

/** The letters that would have been sent, as development shows them. */
export class Mailbox {
  constructor(readonly request: APIRequestContext) {}

  /** The way on in the latest letter to somebody whose subject matches, as a path of ours. */
  async link(to: string, subject: RegExp): Promise<string> {
    let path = '';
    await expect
      .poll(async () => (path = (await this.find(to, subject)) ?? ''), { message: `a letter to ${to}`, timeout: 30_000 })
      .not.toBe('');
    return path;
  }

  /** How many letters somebody got. */
  async count(to: string): Promise<number> {
    return (await this.page(to)).split('<li ').length - 1;
  }

  private async page(to: string): Promise<string> {
    const answer = await this.request.get(`/dev/mailbox?to=${encodeURIComponent(to)}`);
    expect(answer.status()).toBe(200);
    return answer.text();
  }

  private async find(to: string, subject: RegExp): Promise<string | undefined> {
    // Newest first.
    for (const letter of (await this.page(to)).split('<li ').slice(1)) {
      const [, heading] = /<h2[^>]*>([^<]*)</.exec(letter) ?? [];
      const [, href] = /<a class="[^"]*underline" href="(https?:[^"]*)"/.exec(letter) ?? [];
      if (heading && subject.test(heading) && href) {
        const url = new URL(href.replaceAll('&amp;', '&'));
        return url.pathname + url.search;
      }
    }
    return undefined;
  }
}
