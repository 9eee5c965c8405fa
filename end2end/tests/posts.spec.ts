/** Posts after they were saved: what platforms refused, and finding it. */
import { expect, test } from '../support/fixtures';

test('a refused post is changed and sent again', async ({ accounts, client, deliveries, noBarriers, page, posts, sandbox }) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  const profile = await sandbox.account('twitter', 'Glen Apiary');
  await accounts.connect(profile);
  await sandbox.fault({
    platform: 'twitter',
    account: profile.id,
    operation: 'publish',
    fault: 'status',
    status: 400,
    times: 1,
  });
  await posts.compose();
  await posts.text.fill('Heather honey, forty jars.');
  await posts.save();
  await deliveries.expectStatus(profile, 'failed');
  const address = page.url();

  await page.getByRole('link', { name: 'Edit and send again' }).click();
  await expect(posts.text).toHaveValue('Heather honey, forty jars.');
  await expect(posts.visibility('Publish now')).toBeChecked();
  await posts.text.fill('Heather honey, forty jars, from Friday.');
  await posts.save();
  expect(page.url()).toBe(address);
  await deliveries.expectStatus(profile, 'success');
  await noBarriers('a post sent again');
  const out = await sandbox.posts(profile);
  expect(out.map(post => post.text)).toEqual(['Heather honey, forty jars, from Friday.']);
});

test('a change goes only where the post is not yet', async ({ accounts, client, deliveries, page, posts, sandbox }) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  const [shop, profile] = await Promise.all([
    sandbox.account('facebook', 'Hazel Joinery'),
    sandbox.account('twitter', 'Hazel Joinery'),
  ]);
  await accounts.connect(shop);
  await accounts.connect(profile);
  await sandbox.fault({
    platform: 'twitter',
    account: profile.id,
    operation: 'publish',
    fault: 'status',
    status: 400,
    times: 1,
  });
  await posts.compose();
  await posts.text.fill('Two ash tables are ready.');
  await posts.save();
  await deliveries.expectStatus(shop, 'success');
  await deliveries.expectStatus(profile, 'failed');

  await page.getByRole('link', { name: 'Edit and send again' }).click();
  await expect(page.getByText('Some accounts have this post already.')).toBeVisible();
  await expect(page.getByRole('button', { name: /Hazel Joinery.*Has it already/ })).toHaveAttribute('aria-disabled', 'true');
  await posts.text.fill('Two ash tables are ready, and one bench.');
  await posts.save();
  await deliveries.expectStatus(profile, 'success');
  expect((await sandbox.posts(shop)).map(post => post.text)).toEqual(['Two ash tables are ready.']);
  expect((await sandbox.posts(profile)).map(post => post.text)).toEqual(['Two ash tables are ready, and one bench.']);
});

test('the composer has one primary action', async ({ app, client, page }) => {
  expect(client.kind).toBe('client');
  await app.open('/posts');
  await expect(page.getByRole('link', { name: 'New post' }).first()).toBeVisible();
  await app.open('/compose');
  await expect(page.getByRole('link', { name: 'New post' })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Save and publish' })).toBeVisible();
});

test('activity is searched and sorted in the address', async ({ accounts, app, client, deliveries, page, posts, sandbox }) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  const [shop, profile] = await Promise.all([
    sandbox.account('facebook', 'Iveragh Kayaks'),
    sandbox.account('twitter', 'Iveragh Kayaks'),
  ]);
  await accounts.connect(shop);
  await accounts.connect(profile);
  for (const text of ['Sunrise tour on Sunday.', 'Two places left on Monday.']) {
    await posts.compose();
    await posts.text.fill(text);
    await posts.save();
    await deliveries.expectStatus(shop, 'success');
    await deliveries.expectStatus(profile, 'success');
  }

  await app.open('/activity');
  await expect(deliveries.rows).toHaveCount(4);
  await page.getByLabel('Search deliveries').fill('sunrise');
  await expect(page).toHaveURL(/\/activity\?q=sunrise$/);
  await expect(deliveries.rows).toHaveCount(2);
  await page.reload();
  await app.alive();
  await expect(deliveries.rows).toHaveCount(2);
  await app.open('/activity');
  await page.getByRole('link', { name: /^On their way/ }).last().click();
  await expect(page).toHaveURL(/\/activity\?status=pending,publishing,retried$/);
  await expect(page.getByText('No delivery fits these filters')).toBeVisible();
  await page.getByRole('link', { name: /^Published/ }).last().click();
  await expect(deliveries.rows).toHaveCount(4);
});
