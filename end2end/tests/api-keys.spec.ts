/** Keys for programs: made with no more than they need, shown once, good over REST and nowhere else, and revoked. */
import { expect, test } from '../support/fixtures';

test('a key is made, copied, used by a program, and revoked', async ({ app, client, context, noBarriers, page, playwright, baseURL }) => {
  expect(client.kind).toBe('client');
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await app.open('/dashboard/client');
  await page.getByRole('button', { name: /^Account menu/ }).click();
  await page.getByRole('menuitem', { name: 'API keys' }).click();
  await expect(page).toHaveURL(/\/settings\/api-keys$/);
  await expect(page.getByText('No program has a key')).toBeVisible();
  await noBarriers('no keys');

  await page.getByRole('button', { name: 'New key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Make key' }).click();
  await expect(dialog.getByText('Say what the key is for')).toBeVisible();
  await expect(dialog.getByText('Choose at least one thing that the key may do')).toBeVisible();
  await noBarriers('the form of a key with faults');
  await dialog.getByLabel('Name').fill('Nightly import');
  await dialog.getByLabel('See posts, drafts, versions and the queue').check();
  await dialog.getByRole('button', { name: 'Make key' }).click();
  const shown = dialog.locator('[data-key]');
  await expect(shown).toHaveText(/^arc_[A-Za-z0-9]{48}$/);
  await noBarriers('a key that is shown once');
  const key = (await shown.textContent()) ?? '';
  await dialog.getByRole('button', { name: 'Copy key' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(key);
  await dialog.getByRole('button', { name: 'I have copied it' }).click();
  const row = page.getByRole('row', { name: /Nightly import/ });
  await expect(row).toContainText('content:read');
  await expect(row).toContainText('Not yet');
  expect(await page.content()).not.toContain(key);
  await noBarriers('a list of keys');

  const program = await playwright.request.newContext({ baseURL, extraHTTPHeaders: { authorization: `Bearer ${key}` } });
  expect((await program.get('/api/content')).status()).toBe(200);
  const refused = await program.post('/api/content', { data: { body: 'Not mine to write' } });
  expect(refused.status()).toBe(403);
  expect((await refused.json()).error).toContain('content:write');
  expect((await program.get('/accounts', { maxRedirects: 0 })).status()).toBe(303);

  await app.open('/settings/api-keys');
  await expect(row).not.toContainText('Not yet');
  await row.getByRole('button', { name: 'Revoke Nightly import' }).click();
  await page.getByRole('button', { name: 'Revoke key' }).click();
  await expect(page.getByText('“Nightly import” is revoked')).toBeVisible();
  await expect(page.getByText('No program has a key')).toBeVisible();
  expect((await program.get('/api/content')).status()).toBe(401);
  await program.dispose();
});

test('by keyboard alone, and on a phone', async ({ app, client, page }) => {
  expect(client.kind).toBe('client');
  await page.setViewportSize({ width: 360, height: 780 });
  await app.open('/settings/api-keys');
  await page.getByRole('button', { name: 'New key' }).focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').focus();
  await page.keyboard.type('Reports');
  await dialog.getByLabel('See what became of posts on each account').focus();
  await page.keyboard.press('Space');
  await dialog.getByRole('button', { name: 'Make key' }).focus();
  await page.keyboard.press('Enter');
  await expect(dialog.locator('[data-key]')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('row', { name: /Reports/ })).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
});
