/** The content security policy holds on every page: the browser reports nothing that broke it, whatever is opened. */
import { test as plain } from '@playwright/test';
import { expect, test } from '../support/fixtures';

test('no page breaks its own policy', async ({ accounts, app, client, page, posts, sandbox }) => {
  test.setTimeout(180_000);
  expect(client.kind).toBe('client');
  const broken: string[] = [];
  await page.exposeFunction('reportViolation', (what: string) => broken.push(what));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', event => {
      const what = `${location.pathname}: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`;
      (window as unknown as { reportViolation: (what: string) => void }).reportViolation(what);
    });
  });
  const shop = await sandbox.account('facebook', 'Northwind Coffee');
  await accounts.connect(shop);
  await posts.compose();
  await posts.text.fill('Red plum, cocoa and a long, sweet finish.');
  await posts.save();
  const post = new URL(page.url()).pathname;
  await accounts.open();
  await accounts.card(shop).getByRole('link').first().click();
  const account = new URL(page.url()).pathname;
  for (const path of ['/', '/dashboard/client', '/accounts', account, '/compose', '/posts', post, '/activity', '/settings/audit', '/dev/gallery', '/nowhere']) {
    await app.open(path);
    await page.waitForTimeout(100);
  }
  await page.context().clearCookies();
  for (const path of ['/', '/login', '/register']) await app.open(path);
  // The API's own page is not ours, and is held to a policy all the same.
  await page.goto('/api/docs/');
  await expect(page.getByRole('heading', { level: 1, name: /Arctiv/ })).toBeVisible({ timeout: 20_000 });
  const answer = await page.request.get('/api/docs/');
  expect(answer.headers()['content-security-policy']).not.toMatch(/style-src [^;]*'unsafe-inline'|script-src[^;]*'unsafe/);
  expect(broken).toEqual([]);
});

// Without the fixture that wants a quiet console: the browser says there what it forbade, as it should.
plain('the policy is alive: what it forbids does not happen', async ({ page }) => {
  await page.goto(`${process.env.ARCTIV_URL}/login`);
  const outcome = await page.evaluate(async () => {
    const reported = new Promise<string>(done =>
      document.addEventListener('securitypolicyviolation', event => done(event.violatedDirective), { once: true }),
    );
    const script = document.createElement('script');
    script.textContent = 'window.hacked = true';
    document.body.append(script);
    return { directive: await reported, hacked: 'hacked' in window };
  });
  expect(outcome).toEqual({ directive: 'script-src-elem', hacked: false });
});
