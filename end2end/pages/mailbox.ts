import { type APIRequestContext, expect } from '@playwright/test';

/** The letters that would have been sent, as development shows them. */
export class Mailbox {
  constructor(readonly request: APIRequestContext) {}

  /** The way on in the latest letter to somebody whose subject matches, as a path of ours. */
  async link(to: string, subject: RegExp, timeout = 30_000): Promise<string> {
    let path = '';
    await expect.poll(async () => (path = (await this.find(to, subject))[0] ?? ''), { message: `a letter to ${to}`, timeout }).not.toBe('');
    return path;
  }

  /** Where the latest such letter, which is there already, says that letters of its kind are ended. */
  async unsubscribe(to: string, subject: RegExp): Promise<string> {
    const link = (await this.find(to, subject)).find(path => path.startsWith('/unsubscribe?'));
    expect(link, `a way to end such letters in the one to ${to}`).toBeTruthy();
    return link ?? '';
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

  /** The addresses in the latest letter to somebody whose subject matches, in their order. */
  private async find(to: string, subject: RegExp): Promise<string[]> {
    // Newest first.
    for (const letter of (await this.page(to)).split('<li ').slice(1)) {
      const [, heading] = /<h2[^>]*>([^<]*)</.exec(letter) ?? [];
      if (!heading || !subject.test(heading)) continue;
      return [...letter.matchAll(/<a class="[^"]*underline" href="(https?:[^"]*)"/g)].map(([, href]) => {
        const url = new URL(href.replaceAll('&amp;', '&'));
        return url.pathname + url.search;
      });
    }
    return [];
  }
}
