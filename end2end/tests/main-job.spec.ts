/**
 * What the product is for: one saved post reaches every active account, once.
 */
import { expect, test } from '../support/fixtures';
import { png } from '../support/picture';

test('register, connect three, switch one off, post with a picture, watch it arrive, retry what failed', async ({
  accounts,
  app,
  client,
  deliveries,
  noBarriers,
  page,
  posts,
  sandbox,
}) => {
  test.setTimeout(180_000);
  expect(client.kind).toBe('client');

  const [shop, profile, company] = await Promise.all([
    sandbox.account('facebook', `Ember Ceramics ${client.email.slice(5, 9)}`),
    sandbox.account('twitter', `Ember ${client.email.slice(5, 9)}`),
    sandbox.account('linkedin', `Ember Studio ${client.email.slice(5, 9)}`),
  ]);
  for (const account of [shop, profile, company]) await accounts.connect(account);
  await accounts.open();
  await expect(page.getByRole('switch')).toHaveCount(3);
  await accounts.setActive(company, false);

  await posts.compose();
  await noBarriers('the composer, empty');
  await posts.text.fill('The kiln is open: twelve new bowls, each a little different.');
  await posts.attach('bowls.png', 'image/png', png(640, 480, [184, 134, 96]));
  await expect(posts.alt(1)).toBeVisible();
  await posts.alt(1).fill('Twelve stoneware bowls on a wooden board');
  await noBarriers('the composer, written');
  await posts.save();

  // Saving is publishing, with a moment to take it back.
  await expect(posts.undo).toBeVisible();
  await noBarriers('the undo window');
  await expect(deliveries.rows).toHaveCount(2, { timeout: 20_000 });
  // Live: nobody reloads this page.
  await deliveries.expectStatus(shop, 'success');
  await deliveries.expectStatus(profile, 'success');
  await noBarriers('a published post');

  const onFacebook = await sandbox.posts(shop);
  const onX = await sandbox.posts(profile);
  expect(onFacebook).toHaveLength(1);
  expect(onX).toHaveLength(1);
  expect(await sandbox.posts(company)).toHaveLength(0);
  for (const [post] of [onFacebook, onX]) {
    expect(post.text).toContain('The kiln is open');
    expect(post.media).toHaveLength(1);
  }
  expect(onX[0].media[0].alt_text).toBe('Twelve stoneware bowls on a wooden board');

  // The platform refuses for good: the delivery fails, and says why.
  await sandbox.fault({
    platform: 'twitter',
    account: profile.id,
    operation: 'publish',
    fault: 'status',
    status: 400,
    times: 1,
  });
  await posts.compose();
  await posts.text.fill('Open studio on Saturday, from ten to four.');
  await posts.save();
  await deliveries.expectStatus(shop, 'success');
  await deliveries.expectStatus(profile, 'failed');
  await noBarriers('a post that failed in part');

  const failed = page.url();
  await app.open('/activity');
  await noBarriers('activity');

  // What stood in the way has gone.
  await app.open(new URL(failed).pathname);
  await deliveries.retry(profile);
  await deliveries.expectStatus(profile, 'success');
  expect(await sandbox.posts(profile)).toHaveLength(2);
  expect(await sandbox.posts(shop)).toHaveLength(2);
});

test('a post taken back within its moment goes nowhere', async ({ accounts, app, client, page, posts, sandbox }) => {
  expect(client.kind).toBe('client');
  const profile = await sandbox.account('twitter', 'Fjord Outdoor');
  await accounts.connect(profile);
  await posts.compose();
  await posts.text.fill('This one is not ready.');
  await posts.save();
  await posts.undo.click();
  await expect(page).toHaveURL(/\/compose\?post=/);
  await expect(posts.text).toHaveValue('This one is not ready.');
  // What was chosen stays chosen: saving it again means what it meant before, also when it is opened later.
  await expect(posts.visibility('Publish now')).toBeChecked();
  await page.reload();
  await app.alive();
  await expect(posts.visibility('Publish now')).toBeChecked();
  // Longer than the moment there was.
  await page.waitForTimeout(7_000);
  expect(await sandbox.posts(profile)).toHaveLength(0);
});
