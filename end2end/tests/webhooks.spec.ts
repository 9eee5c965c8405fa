/** Webhooks: added, proven by a test, told what happens, given a new secret, switched off and removed. */
import { Receiver, Webhooks } from '../pages/notifications';
import { expect, test } from '../support/fixtures';
import { tabTo } from '../support/keyboard';

const PUBLISHED = 'A post is out on every account';

test('a program is told what happens, and can tell that it is us', async ({
  accounts,
  app,
  client,
  context,
  deliveries,
  noBarriers,
  page,
  posts,
  sandbox,
}) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const receiver = new Receiver();
  const url = await receiver.start();
  const webhooks = new Webhooks(app);
  await app.open('/dashboard/client');
  await page.getByRole('button', { name: /^Account menu/ }).click();
  await page.getByRole('menuitem', { name: 'Webhooks' }).click();
  await expect(page).toHaveURL(/\/settings\/webhooks$/);
  await expect(page.getByText('Nothing is told to a program')).toBeVisible();
  await noBarriers('no webhooks');

  await page.getByRole('button', { name: 'Add webhook' }).click();
  await webhooks.dialog.getByRole('button', { name: 'Add webhook' }).click();
  await expect(webhooks.dialog.getByText('Enter the address that is to be called')).toBeVisible();
  await expect(webhooks.dialog.getByText('Choose at least one event')).toBeVisible();
  await noBarriers('the form of a webhook with faults');
  await webhooks.dialog.getByLabel('Address').fill(url);
  await webhooks.dialog.getByLabel('Description').fill('The shop’s own dashboard');
  await webhooks.dialog.getByRole('checkbox', { name: PUBLISHED }).check();
  await webhooks.dialog.getByRole('button', { name: 'Add webhook' }).click();
  const shown = webhooks.dialog.locator('[data-secret]');
  await expect(shown).toHaveText(/^whsec_[A-Za-z0-9+/=]{44}$/);
  await noBarriers('a secret that is shown once');
  const secret = (await shown.textContent()) ?? '';
  await webhooks.dialog.getByRole('button', { name: 'Copy secret' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret);
  await webhooks.dialog.getByRole('button', { name: 'I have copied it' }).click();
  const card = webhooks.card(url);
  await expect(card.getByText('post.published')).toBeVisible();
  expect(await page.content()).not.toContain(secret);

  await card.getByRole('button', { name: /^Send a test/ }).click();
  await expect(card.getByRole('row', { name: /webhook\.test/ })).toContainText('Arrived', { timeout: 20_000 });
  await expect(card.getByRole('row', { name: /webhook\.test/ })).toContainText('204');
  await noBarriers('a webhook with a test');
  expect(receiver.types(secret)).toEqual(['webhook.test']);

  const profile = await sandbox.account('twitter', 'Beara Boats');
  await accounts.connect(profile);
  await posts.compose();
  await posts.text.fill('Told to a program.');
  await posts.save();
  await deliveries.expectStatus(profile, 'success');
  await expect.poll(() => receiver.got.length, { timeout: 20_000 }).toBe(2);
  expect(receiver.types(secret)).toEqual(['webhook.test', 'post.published']);
  expect(JSON.parse(receiver.got[1].body).data.deliveries[0].platform).toBe('twitter');

  // A new secret, beside which the one before signs for a while.
  await webhooks.open();
  await card.getByRole('button', { name: /^New secret/ }).click();
  await page.getByRole('button', { name: 'Make new secret' }).click();
  await expect(shown).toHaveText(/^whsec_/);
  const renewed = (await shown.textContent()) ?? '';
  expect(renewed).not.toBe(secret);
  await page.getByRole('button', { name: 'I have copied it' }).click();
  await expect(card.getByText('The secret before the present one signs as well')).toBeVisible();
  await card.getByRole('button', { name: /^Recently sent/ }).click();
  await card.getByRole('button', { name: 'Send post.published again' }).click();
  await expect.poll(() => receiver.got.length, { timeout: 20_000 }).toBe(3);
  receiver.got.splice(0, 2);
  for (const key of [secret, renewed]) expect(receiver.types(key)).toEqual(['post.published']);

  // It is gone: nothing more is sent there.
  receiver.status = 410;
  await card.getByRole('button', { name: /^Send a test/ }).click();
  await expect(card.getByText('the address answered that it is gone (410)').first()).toBeVisible({ timeout: 20_000 });
  await expect(card.getByRole('button', { name: /^Send a test/ })).toBeDisabled();
  await noBarriers('a webhook that is off');
  await card.getByRole('button', { name: /^Switch on/ }).click();
  await expect(card.getByRole('button', { name: /^Switch off/ })).toBeVisible();
  await card.getByRole('button', { name: /^Change/ }).click();
  await webhooks.dialog.getByRole('checkbox', { name: 'Somebody has joined the team' }).check();
  await webhooks.dialog.getByRole('button', { name: 'Save' }).click();
  await expect(card.getByText('member.joined')).toBeVisible();
  await card.getByRole('button', { name: /^Remove/ }).click();
  await page.getByRole('button', { name: 'Remove webhook' }).click();
  await expect(page.getByText('Nothing is told to a program')).toBeVisible();
  await receiver.stop();
});

test('an address that may not be called is refused where it was typed', async ({ app, client, page }) => {
  expect(client.kind).toBe('client');
  const webhooks = new Webhooks(app);
  await webhooks.open();
  await page.getByRole('button', { name: 'Add webhook' }).click();
  await webhooks.dialog.getByLabel('Address').fill('https://169.254.169.254/latest');
  await webhooks.dialog.getByRole('checkbox', { name: PUBLISHED }).check();
  await webhooks.dialog.getByRole('button', { name: 'Add webhook' }).click();
  await expect(webhooks.dialog.getByText(/^This address cannot be called/)).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(webhooks.dialog).toBeHidden();
});

test('by keyboard alone, and on a phone', async ({ app, client, page }) => {
  expect(client.kind).toBe('client');
  await page.setViewportSize({ width: 360, height: 780 });
  const webhooks = new Webhooks(app);
  await webhooks.open();
  await tabTo(page, page.getByRole('button', { name: 'Add webhook' }));
  await page.keyboard.press('Enter');
  await webhooks.dialog.getByLabel('Address').focus();
  await page.keyboard.type('https://hooks.example/a-rather-long-address-that-has-to-break-somewhere?with=a&query=too');
  await tabTo(page, webhooks.dialog.getByRole('checkbox', { name: PUBLISHED }));
  await page.keyboard.press('Space');
  await tabTo(page, webhooks.dialog.getByRole('button', { name: 'Add webhook' }));
  await page.keyboard.press('Enter');
  await expect(webhooks.dialog.locator('[data-secret]')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(webhooks.dialog).toBeHidden();
  await expect(page.getByRole('heading', { name: /a-rather-long-address/ })).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
});
