/** What did not go out: by reason, with what was asked and answered, and started over when what stood in the way has gone. */
import { expect, test } from '../support/fixtures';

test('dead letters are found by reason, understood, and all of one reason started over', async ({
  accounts,
  app,
  client,
  deliveries,
  noBarriers,
  page,
  posts,
  sandbox,
}) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  const [shop, profile] = await Promise.all([
    sandbox.account('facebook', 'Beara Boats'),
    sandbox.account('twitter', 'Beara Boats'),
  ]);
  await accounts.connect(shop);
  await accounts.connect(profile);
  await app.open('/activity?view=dead-letters');
  await expect(page.getByRole('heading', { name: 'No dead letters' })).toBeVisible();
  await noBarriers('no dead letters');

  await sandbox.fault({ platform: 'twitter', account: profile.id, operation: 'publish', fault: 'status', status: 400, times: 1 });
  await sandbox.fault({ platform: 'facebook', account: shop.id, operation: 'publish', fault: 'status', status: 403, times: 1 });
  await posts.compose();
  await posts.text.fill('The season opens on Friday.');
  await posts.save();
  await deliveries.expectStatus(shop, 'failed');
  await deliveries.expectStatus(profile, 'failed');

  await app.open('/activity');
  await page.getByRole('navigation', { name: 'Activity' }).getByRole('link', { name: /^Dead letters/ }).click();
  await expect(page).toHaveURL(/view=dead-letters$/);
  await expect(deliveries.reasons).toHaveCount(2);
  await expect(deliveries.rows).toHaveCount(2);
  await noBarriers('dead letters');

  // One reason of the two; the address remembers it.
  const refused = deliveries.reason('validation');
  await refused.getByRole('link', { name: 'Post refused' }).click();
  await expect(page).toHaveURL(/view=dead-letters&reason=validation$/);
  await expect(deliveries.rows).toHaveCount(1);
  await page.reload();
  await app.alive();
  await expect(deliveries.rows).toHaveCount(1);

  // What was asked and answered, without a secret in it.
  await deliveries.rows.first().getByRole('button', { name: /^Details/ }).click();
  await expect(page.getByRole('link', { name: 'Edit and send again' })).toBeVisible();
  await page.getByText('1 request and its answer').click();
  const asked = page.getByText(/^POST .*\/2\/tweets → 400 in /);
  await expect(asked).toBeVisible();
  await expect(page.locator('pre', { hasText: 'The season opens' }).first()).toBeVisible();
  expect(await page.content()).not.toMatch(/Bearer [A-Za-z0-9]/);
  await noBarriers('a dead letter laid open');

  await refused.getByRole('button', { name: 'Retry 1: Post refused' }).click();
  await expect(deliveries.reasons).toHaveCount(1, { timeout: 30_000 });
  await expect(page.getByText('No delivery fits these filters')).toBeVisible();
  await expect.poll(async () => (await sandbox.posts(profile)).length).toBe(1);
  await page.getByRole('link', { name: 'Clear filters' }).click();
  await expect(page).toHaveURL(/view=dead-letters$/);
  await expect(deliveries.rows).toHaveCount(1);
  await expect(page.getByRole('list', { name: 'Last 24 hours' })).toContainText('50%');
});

test('what nobody can tell is looked at first, then marked as published or sent again', async ({
  accounts,
  app,
  client,
  deliveries,
  noBarriers,
  page,
  posts,
  sandbox,
}) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  // LinkedIn lets nobody read what a member has posted.
  const member = await sandbox.account('linkedin', 'Dingle Dories');
  await accounts.connect(member);
  await sandbox.fault({ platform: 'linkedin', account: member.id, operation: 'publish', fault: 'drop_after_accept', times: 1 });
  await posts.compose();
  await posts.text.fill('Two dories are for sale.');
  await posts.save();
  const post = page.url();
  await deliveries.expectStatus(member, 'failed', 60_000);
  await expect(deliveries.row(member)).toContainText('Look at the account on the platform first');
  await expect(page.getByRole('link', { name: 'Edit and send again' })).toHaveCount(0);

  await app.open('/activity?view=dead-letters');
  const unknown = deliveries.reason('outcome_unknown');
  await expect(unknown).toContainText('Outcome unknown');
  await expect(unknown).toContainText('1 needs somebody to look');
  // Nobody sends again by the dozen what may be there already.
  await expect(unknown.getByRole('button')).toHaveCount(0);
  await deliveries.rows.first().getByRole('button', { name: /^Details/ }).click();
  await expect(page.getByText('Nobody can say whether LinkedIn took this post')).toBeVisible();
  await expect(page.getByText('LinkedIn does not let apps read a member', { exact: false }).first()).toBeVisible();
  await noBarriers('a dead letter that needs a person');
  await deliveries.rows.first().getByRole('button', { name: /^It is there, mark as published/ }).click();
  await expect(page.getByRole('heading', { name: 'No dead letters' })).toBeVisible({ timeout: 20_000 });

  await app.open(new URL(post).pathname);
  await deliveries.expectStatus(member, 'success');
  await expect(page.getByText('Published', { exact: true }).first()).toBeVisible();
  expect(await sandbox.posts(member)).toHaveLength(1);

  // The next one never arrives, and somebody says so.
  await sandbox.fault({ platform: 'linkedin', account: member.id, operation: 'publish', fault: 'drop', times: 1 });
  await posts.compose();
  await posts.text.fill('One of them is sold.');
  await posts.save();
  await deliveries.expectStatus(member, 'failed', 60_000);
  await deliveries.row(member).getByRole('button', { name: /^It is not there, retry/ }).click();
  await deliveries.expectStatus(member, 'success');
  const texts = (await sandbox.posts(member)).map(post => post.text);
  expect(texts).toEqual(['Two dories are for sale.', 'One of them is sold.']);
});
