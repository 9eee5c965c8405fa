/** The simulated networks' control API, for looking behind them and making things go wrong. */
import { type APIRequestContext, expect } from '@playwright/test';
import { createHash } from 'node:crypto';

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
  fault:
    | 'status'
    | 'sunset'
    | 'timeout'
    | 'drop'
    | 'drop_after_accept'
    | 'slow'
    | 'slow_processing'
    | 'failed_processing'
    | 'revoked'
    | 'without_scopes'
    | 'malformed';
  status?: number;
  retry_after?: number;
  slow_ms?: number;
  scopes?: string[];
  /** The network's own error code, and Meta's `error_subcode`. */
  code?: number | string;
  subcode?: number;
  times: number;
};

/** A request as a network noted it. Secrets show as [`masked`] has them. */
export type SandboxRequest = {
  platform: Platform;
  method: string;
  path: string;
  query: Record<string, unknown>;
  headers: Record<string, string>;
  body: Record<string, unknown> | null;
  status: number | null;
  operation: string;
};

/** How the networks' log shows a secret: two uses of one can be told to be the same. */
export function masked(secret: string): string {
  return `***${createHash('sha256').update(secret).digest('hex').slice(0, 6)}`;
}

export class Sandbox {
  constructor(
    private readonly request: APIRequestContext,
    readonly url: string,
  ) {}

  /** Makes an account that no other test knows. */
  async account(platform: Platform, name: string, kind?: SandboxAccount['kind']): Promise<SandboxAccount> {
    const made = await this.post('/control/accounts', { platform, name, kind });
    return made.accounts.find((account: SandboxAccount) => !kind || account.kind === kind);
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

  /** Whether an account of X pays for longer posts. */
  async premium(account: SandboxAccount, premium: boolean): Promise<void> {
    await this.post('/control/premium', { platform: account.platform, account: account.id, premium });
  }

  /** What was asked of a network so far, oldest first. */
  async requests(platform: Platform): Promise<SandboxRequest[]> {
    const answer = await this.request.get(`${this.url}/control/requests?platform=${platform}`);
    expect(answer.ok(), await answer.text()).toBe(true);
    return (await answer.json()).requests;
  }

  /** What a creator on TikTok does with what waits in the inbox. */
  async inbox(account: SandboxAccount, decision: 'post' | 'cancel'): Promise<void> {
    await this.post('/control/inbox', { account: account.id, decision });
  }

  private async post(path: string, data: unknown) {
    const answer = await this.request.post(this.url + path, { data });
    expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
    return answer.json();
  }
}
