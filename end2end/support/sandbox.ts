/** The simulated networks' control API, for looking behind them and making things go wrong. */
import { type APIRequestContext, expect } from '@playwright/test';

export type Platform = 'facebook' | 'twitter' | 'linkedin' | 'instagram' | 'tiktok' | 'mastodon';

/** A simulated account. `run_by` names the people who may hand out a page. */
export type SandboxAccount = {
  platform: Platform;
  id: string;
  kind: string;
  name: string;
  handle: string;
  run_by: { account: string; role: string }[];
};

export type SandboxPost = {
  platform: Platform;
  account: string;
  id: string;
  text: string;
  media: { id: string; type: string; bytes: number; alt_text: string | null; url: string }[];
  link: { url: string } | null;
  comments: { text: string }[];
  /** What only the network knows of it. */
  extra: Record<string, unknown>;
};

export type Fault = {
  platform: Platform;
  account?: string;
  operation: 'authorize' | 'token' | 'refresh' | 'identity' | 'upload' | 'publish' | 'comment' | 'status' | 'any';
  fault: 'status' | 'timeout' | 'drop_after_accept' | 'slow' | 'revoked' | 'malformed';
  status?: number;
  retry_after?: number;
  times: number;
};

export class Sandbox {
  constructor(
    private readonly request: APIRequestContext,
    readonly url: string,
  ) {}

  /** Makes an account that no other test knows. */
  async account(platform: Platform, name: string): Promise<SandboxAccount> {
    const made = await this.post('/control/accounts', { platform, name });
    return made.accounts[0];
  }

  async posts(account: SandboxAccount): Promise<SandboxPost[]> {
    const query = new URLSearchParams({ platform: account.platform, account: account.id });
    const answer = await this.request.get(`${this.url}/control/posts?${query}`);
    expect(answer.ok(), await answer.text()).toBe(true);
    return (await answer.json()).posts;
  }

  /** Makes calls go wrong. Name an account: other tests run at the same time. */
  async fault(fault: Fault): Promise<void> {
    await this.post('/control/faults', fault);
  }

  /** Ends what an account has granted, as its owner can at the platform. */
  async revoke(account: SandboxAccount): Promise<void> {
    await this.post('/control/revoke', { platform: account.platform, account: account.id });
  }

  private async post(path: string, data: unknown) {
    const answer = await this.request.post(this.url + path, { data });
    expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
    return answer.json();
  }
}
