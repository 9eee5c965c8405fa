/** Too many requests: what a person sees of it. (That they are counted rightly is in server/tests/limits.rs.) */
import type { Page } from '@playwright/test';
import { expect, test } from '../support/fixtures';

/** The answer of the server's edge to one request too many. */
async function refuse(page: Page, path: string, seconds: number): Promise<() => Promise<void>> {
  const url = `**/fn/${path}`;
  await page.route(url, route =>
    route.fulfill({
      status: 429,
      headers: { 'retry-after': String(seconds), 'content-type': 'application/json' },
      body: JSON.stringify({
        success: false,
        error: `Too many requests. Please try again in ${seconds} seconds.`,
        code: 'RATE_LIMITED',
        details: { retry_after: seconds },
        request_id: 'req_test',
      }),
    }),
  );
  return () => page.unroute(url);
}

test('signing in too often counts down, keeps what was typed, and goes on by itself', async ({ app, client, context, identity, noBarriers, page }) => {
  await context.clearCookies();
  await app.open('/login');
  const again = await refuse(page, 'identity/login', 8);
  await identity.fillLogin(client.email, client.password);
  await identity.signIn();
  await expect(page.getByText('Too many attempts')).toBeVisible();
  await expect(page.getByRole('timer')).toHaveText(/^[1-8] s$/);
  await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeDisabled();
  await noBarriers('signing in too often');
  await expect(page.getByRole('timer')).toHaveText('1 s');
  await expect(page.getByRole('timer')).toHaveCount(0);
  await again();
  await expect(page.getByLabel('Email')).toHaveValue(client.email);
  await identity.signIn();
  await expect(page).toHaveURL(/\/dashboard\/client$/);
});

test('an action too many is told in a toast that counts down', async ({ accounts, client, page, sandbox }) => {
  expect(client.kind).toBe('client');
  const shop = await sandbox.account('facebook', 'Northwind Coffee');
  await accounts.connect(shop);
  await refuse(page, 'accounts/set-active', 3);
  await page.getByRole('switch').first().click();
  const notice = page.getByRole('region', { name: 'Notifications' });
  await expect(notice.getByText('Too many requests. Please wait a moment.')).toBeVisible();
  await expect(notice.getByRole('timer')).toHaveText(/^[1-3] s$/);
  // The switch is back where it was, and the notice leaves when there is nothing to wait for any more.
  await expect(page.getByRole('switch').first()).toBeChecked();
  await page.mouse.move(0, 0);
  await expect(notice.getByRole('timer')).toHaveCount(0, { timeout: 10_000 });
});
