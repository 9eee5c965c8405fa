/** Which letters somebody gets, and the link that ends them without signing in. */
import { Letters } from '../pages/notifications';
import { expect, test } from '../support/fixtures';
import { tabTo } from '../support/keyboard';

const FAILED = 'A post was not published';

test('what fails is told by letter, until its reader has had enough', async ({
  accounts,
  app,
  browser,
  baseURL,
  client,
  deliveries,
  mailbox,
  noBarriers,
  page,
  posts,
  sandbox,
}) => {
  test.setTimeout(180_000);
  const letters = new Letters(app);
  await letters.open();
  await expect(page.getByText('No letters come yet.')).toBeVisible();
  await noBarriers('letters without a confirmed address');
  await app.open(await mailbox.link(client.email, /^Confirm your email address$/));
  await page.getByRole('button', { name: 'Confirm email address' }).click();
  await expect(page.getByText('Your email is confirmed.')).toBeVisible();

  const profile = await sandbox.account('twitter', 'Beara Boats');
  await accounts.connect(profile);
  await sandbox.fault({ platform: 'twitter', account: profile.id, operation: 'publish', fault: 'status', status: 400, times: 1 });
  await posts.compose();
  await posts.text.fill('The season opens on Friday.');
  await posts.save();
  await deliveries.expectStatus(profile, 'failed');
  // Failures of a minute are told together.
  const link = await mailbox.link(client.email, /season opens on Friday/, 90_000);
  expect(link).toMatch(/^\/posts\/[0-9a-f-]{36}$/);
  await app.open(link);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();

  // In another browser, without a session, and twice: looking changes nothing.
  const end = await mailbox.unsubscribe(client.email, /season opens on Friday/);
  const elsewhere = await browser.newContext({ baseURL });
  const other = await elsewhere.newPage();
  for (let looks = 0; looks < 2; looks++) {
    await other.goto(end);
    await expect(other.getByRole('button', { name: 'Stop these letters' })).toBeVisible();
  }
  await letters.open();
  await expect(letters.choice(FAILED)).toBeChecked();
  await app.open(end);
  await noBarriers('the page that ends letters');
  await other.getByRole('button', { name: 'Stop these letters' }).click();
  await expect(other.getByText('You get no more of these letters.')).toBeVisible();
  await elsewhere.close();
  await app.open(end);
  await expect(page.getByText('You get no more of these letters.')).toBeVisible();
  await noBarriers('letters that have ended');
  await page.getByRole('link', { name: 'Choose your letters' }).click();
  await expect(page).toHaveURL(/\/settings\/notifications$/);
  await expect(letters.choice(FAILED)).not.toBeChecked();
  await expect(letters.choice('Your role changes')).toBeChecked();
  await noBarriers('choosing letters');
});

test('a link that is none says so', async ({ app, noBarriers, page }) => {
  const answer = await page.goto('/unsubscribe?token=nonsense');
  expect(answer?.status()).toBe(404);
  await app.alive();
  await expect(page.getByText('This link is not one of ours, or it is incomplete.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Stop these letters' })).toHaveCount(0);
  await noBarriers('a link that is none');
});

test('by keyboard alone, and on a phone', async ({ app, client, page }) => {
  expect(client.kind).toBe('client');
  await page.setViewportSize({ width: 360, height: 780 });
  const letters = new Letters(app);
  await letters.open();
  await tabTo(page, letters.choice('An account must be reconnected'));
  await page.keyboard.press('Space');
  await tabTo(page, page.getByRole('button', { name: 'Save choices' }));
  await page.keyboard.press('Enter');
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(letters.choice('An account must be reconnected')).not.toBeChecked();
  await expect(letters.choice(FAILED)).toBeChecked();
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('letters are chosen all the same', async ({ identity, page }) => {
    const person = identity.somebody('agency');
    await page.goto('/register');
    await identity.fillRegistration(person);
    await page.getByRole('button', { name: 'Create Account' }).click();
    await expect(page).toHaveURL(/\/dashboard\/agency$/);
    await page.goto('/settings/notifications');
    const choice = page.getByRole('checkbox', { name: 'Somebody joins the team' });
    await expect(choice).toBeChecked();
    await choice.uncheck();
    await page.getByRole('button', { name: 'Save choices' }).click();
    await expect(page.getByText('Saved.')).toBeVisible();
    await expect(choice).not.toBeChecked();
  });
});
