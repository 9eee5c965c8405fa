/** The composer to its full form: options, TikTok's own form, texts of single accounts, warnings, and drafts that survive. */
import { Identity } from '../pages/identity';
import { Posts } from '../pages/posts';
import { App, expect, test } from '../support/fixtures';
import { jpeg } from '../support/picture';

test('a first comment and what TikTok asks go out with the post, and its page shows them', async ({
  accounts,
  client,
  deliveries,
  noBarriers,
  page,
  posts,
  sandbox,
}) => {
  test.setTimeout(180_000);
  expect(client.kind).toBe('client');
  const [shop, creator] = await Promise.all([
    sandbox.account('facebook', 'Tern Pottery'),
    sandbox.account('tiktok', 'Tern Pottery'),
  ]);
  await accounts.connect(shop);
  await accounts.connect(creator);

  await posts.compose();
  await posts.text.fill('The second firing is out.');
  await posts.attach('firing.jpg', 'image/jpeg', await jpeg(page, 1080, 1350));
  await posts.alt(1).fill('A row of bowls at the kiln');

  // TikTok says who signs and what may be chosen; nothing is chosen for anybody.
  const tiktok = await posts.openOptions('tiktok');
  await expect(tiktok.getByText('Tern Pottery')).toBeVisible();
  await expect(tiktok.getByRole('radio', { name: 'The creator chooses in TikTok' })).toBeChecked();
  await expect(posts.preview('tiktok').getByText('creator’s inbox')).toBeVisible();
  await expect(tiktok.getByRole('radio', { name: 'Everyone' })).toBeVisible();
  await expect(tiktok.getByRole('checkbox')).toHaveCount(0);
  await tiktok.getByRole('radio', { name: 'Only you' }).check();
  for (const box of await tiktok.getByRole('checkbox').all()) await expect(box).not.toBeChecked();
  await tiktok.getByRole('checkbox', { name: 'Comment' }).check();

  // Whoever promotes something says what.
  await tiktok.getByRole('checkbox', { name: /^This post promotes/ }).check();
  await posts.saveButton.click();
  await expect(posts.checks.getByText('Say whether the post on TikTok promotes you')).toBeVisible();
  await tiktok.getByRole('checkbox', { name: 'Branded content' }).check();
  await expect(posts.checks.getByText(/branded content to more than you alone/)).toBeVisible();
  await tiktok.getByRole('checkbox', { name: 'Branded content' }).uncheck();
  await tiktok.getByRole('checkbox', { name: 'Your brand' }).check();
  await expect(tiktok.getByRole('link', { name: 'Music Usage Confirmation' })).toBeVisible();

  const facebook = await posts.openOptions('facebook');
  await facebook.getByLabel('First comment').fill('Seconds are half price: https://tern.example/seconds');
  await expect(posts.preview('facebook').getByText('Seconds are half price')).toBeVisible();
  await noBarriers('the composer with its options');
  await posts.save();

  await deliveries.expectStatus(shop, 'success');
  await deliveries.expectStatus(creator, 'success');
  await expect(deliveries.row(shop).getByText('First comment written')).toBeVisible({ timeout: 20_000 });
  await expect(page.getByText('Options for TikTok')).toBeVisible();
  await expect(page.getByText('Allowed: comments')).toBeVisible();
  await noBarriers('a post with options');
  const [onFacebook] = await sandbox.posts(shop);
  expect(onFacebook.comments.map(comment => comment.text)).toEqual(['Seconds are half price: https://tern.example/seconds']);
  const [onTikTok] = await sandbox.posts(creator);
  expect(onTikTok.extra).toMatchObject({ settings: { privacy_level: 'SELF_ONLY' } });
});

test('a comment that is refused leaves the post alone and is written once more', async ({
  accounts,
  client,
  deliveries,
  posts,
  sandbox,
}) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  const company = await sandbox.account('linkedin', 'Wren Timber');
  await accounts.connect(company);
  await sandbox.fault({ platform: 'linkedin', account: company.id, operation: 'comment', fault: 'status', status: 403, times: 1 });
  await posts.compose();
  await posts.text.fill('Larch boards, air dried for two years.');
  const options = await posts.openOptions('linkedin');
  await options.getByLabel('First comment').fill('Prices on the page.');
  await posts.save();
  await deliveries.expectStatus(company, 'success');
  await expect(deliveries.row(company).getByText(/The first comment was not written/)).toBeVisible({ timeout: 20_000 });
  await deliveries.row(company).getByRole('button', { name: /^Write comment again/ }).click();
  await expect(deliveries.row(company).getByText('First comment written')).toBeVisible({ timeout: 20_000 });
  const out = await sandbox.posts(company);
  expect(out).toHaveLength(1);
  expect(out[0].comments.map(comment => comment.text)).toEqual(['Prices on the page.']);
});

test('two accounts on X get a text each', async ({ accounts, client, deliveries, noBarriers, page, posts, sandbox }) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  const [shop, studio] = await Promise.all([sandbox.account('twitter', 'Skerry Shop'), sandbox.account('twitter', 'Skerry Studio')]);
  await accounts.connect(shop);
  await accounts.connect(studio);
  await posts.compose();
  await posts.text.fill('New prints on Friday.');
  await expect(page.getByText(/X does not allow the same text on two accounts/)).toBeVisible();
  const vary = page.getByRole('button', { name: /^Write a variation for / });
  const other = ((await vary.textContent()) ?? '').replace('Write a variation for ', '').trim();
  await vary.click();
  const own = page.getByLabel(`Text for ${other} only`);
  await expect(own).toHaveValue('New prints on Friday.');
  // The same words are still the same words.
  await expect(posts.checks.getByText(/X does not allow the same text on several accounts/)).toBeVisible();
  await own.fill('Four new prints, from Friday at ten.');
  await expect(posts.checks.getByText(/X does not allow/)).toHaveCount(0);
  await expect(posts.preview('twitter')).toHaveCount(2);
  await expect(posts.checks.getByText('X charges $0.03 for these 2 posts')).toBeVisible();
  await noBarriers('a text for one account');
  await posts.save();
  await expect(deliveries.rows).toHaveCount(2, { timeout: 20_000 });
  for (const row of await deliveries.rows.all()) await expect(row).toHaveAttribute('data-status', 'success', { timeout: 30_000 });
  const texts = [...(await sandbox.posts(shop)), ...(await sandbox.posts(studio))].map(post => post.text).sort();
  expect(texts).toEqual(['Four new prints, from Friday at ten.', 'New prints on Friday.']);
});

test('the same text again is warned of, and a link on X is priced', async ({ accounts, client, deliveries, posts, sandbox }) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  const profile = await sandbox.account('twitter', 'Curlew Books');
  await accounts.connect(profile);
  await posts.compose();
  await posts.text.fill('Open until nine tonight.');
  await expect(posts.checks.getByText('X charges $0.015 for this post.')).toBeVisible();
  await posts.save();
  await deliveries.expectStatus(profile, 'success');
  await posts.compose();
  await posts.text.fill('Open  until NINE tonight.');
  await expect(posts.checks.getByText(/had this text on .* X refuses the same text again/)).toBeVisible();
  await posts.text.fill('Open until nine tonight, too: https://curlew.example');
  await expect(posts.checks.getByText(/had this text/)).toHaveCount(0);
  await expect(posts.checks.getByText(/X charges \$0\.20 for this post: \$0\.185 of it because of the link/)).toBeVisible();
});

test('a story looks like one and takes one picture', async ({ accounts, client, noBarriers, page, posts, sandbox }) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  await accounts.connect(await sandbox.account('instagram', 'Plover Cafe'));
  await posts.compose();
  await posts.text.fill('Saturday, from eight.');
  await posts.attach('saturday.jpg', 'image/jpeg', await jpeg(page, 1080, 1920));
  await posts.alt(1).fill('A table by the window');
  // As a post it is too tall; as a story it is just right, and says that no words show.
  await expect(posts.checks.getByText(/Picture 1 is too tall for Instagram/)).toBeVisible();
  const options = await posts.openOptions('instagram');
  await options.getByRole('radio', { name: 'Story' }).check();
  await expect(posts.checks.getByText(/too tall/)).toHaveCount(0);
  await expect(posts.checks.getByText(/A story on Instagram shows no text/)).toBeVisible();
  await expect(posts.preview('instagram').getByText('Send message')).toBeVisible();
  await noBarriers('a story');
  await options.getByLabel('First comment').fill('Hello');
  await posts.saveButton.click();
  await expect(posts.checks.getByText(/A story on Instagram takes no comments/)).toBeVisible();
});

test('a draft survives a reload, is asked about, and makes one post', async ({ accounts, app, client, deliveries, noBarriers, page, posts, sandbox }) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  const shop = await sandbox.account('facebook', 'Dunlin Bakery');
  await accounts.connect(shop);
  await posts.compose();
  await posts.text.fill('Rye, on Thursdays.');
  const options = await posts.openOptions('facebook');
  await options.getByLabel('First comment').fill('And on Sundays.');
  await expect(posts.kept).toHaveText('Draft saved');

  await page.reload();
  await app.alive();
  await expect(posts.left).toContainText('Rye, on Thursdays.');
  await expect(posts.text).toHaveValue('');
  await noBarriers('a draft that was left');
  await posts.left.getByRole('button', { name: 'Restore' }).click();
  await expect(posts.text).toHaveValue('Rye, on Thursdays.');
  await expect(posts.options('facebook').getByLabel('First comment')).toHaveValue('And on Sundays.');
  await posts.text.fill('Rye, on Thursdays, from seven.');
  await posts.save();
  await deliveries.expectStatus(shop, 'success');
  expect((await sandbox.posts(shop)).map(post => post.text)).toEqual(['Rye, on Thursdays, from seven.']);

  // One post, which was the draft; nothing is left to ask about.
  await app.open('/posts');
  await expect(page.locator('[data-post]')).toHaveCount(1);
  await posts.compose();
  await page.waitForTimeout(500);
  await expect(posts.left).toHaveCount(0);
});

test('a draft that is discarded is gone here and on the server', async ({ accounts, app, client, page, posts, sandbox }) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  await accounts.connect(await sandbox.account('facebook', 'Knot Rope'));
  await posts.compose();
  await posts.text.fill('Not this one.');
  await expect(posts.kept).toHaveText('Draft saved');
  await page.reload();
  await app.alive();
  await posts.left.getByRole('button', { name: 'Discard' }).click();
  await expect(posts.left).toHaveCount(0);
  await page.reload();
  await app.alive();
  await page.waitForTimeout(500);
  await expect(posts.left).toHaveCount(0);
  await app.open('/posts');
  await expect(page.locator('[data-post]')).toHaveCount(0);
});

test('what is written without a network is there when it is back, and goes out once', async ({
  accounts,
  app,
  client,
  context,
  deliveries,
  page,
  posts,
  sandbox,
}) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  const shop = await sandbox.account('facebook', 'Gannet Boats');
  await accounts.connect(shop);
  await posts.compose();
  await context.setOffline(true);
  await posts.text.fill('Two hulls, one afternoon.');
  await expect(posts.kept).toHaveText('No connection. Draft kept on this device');
  await posts.saveButton.click();
  await expect(page.getByText('Connection lost. Please try again')).toBeVisible();

  // The browser is closed before the network is back.
  await context.setOffline(false);
  await page.reload();
  await app.alive();
  await posts.left.getByRole('button', { name: 'Restore' }).click();
  await expect(posts.text).toHaveValue('Two hulls, one afternoon.');
  await posts.text.fill('Two hulls, one long afternoon.');
  await posts.save();
  await deliveries.expectStatus(shop, 'success');
  expect((await sandbox.posts(shop)).map(post => post.text)).toEqual(['Two hulls, one long afternoon.']);
  await app.open('/posts');
  await expect(page.locator('[data-post]')).toHaveCount(1);
});

test('an answer that is lost on the way makes no second post', async ({ accounts, app, client, deliveries, page, posts, sandbox }) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  const shop = await sandbox.account('facebook', 'Heron Water');
  await accounts.connect(shop);
  await posts.compose();
  // The server makes the draft; the browser never hears of it.
  let lost = 0;
  await page.route('**/fn/posts/create', async route => {
    if (lost++ > 0) return route.continue();
    await route.fetch();
    await route.abort('internetdisconnected');
  });
  await posts.text.fill('Low water at noon.');
  await expect.poll(() => lost).toBeGreaterThan(0);
  await posts.text.fill('Low water at noon, high at six.');
  await posts.save();
  await deliveries.expectStatus(shop, 'success');
  expect(lost).toBeGreaterThan(1);
  expect((await sandbox.posts(shop)).map(post => post.text)).toEqual(['Low water at noon, high at six.']);
  await app.open('/posts');
  await expect(page.locator('[data-post]')).toHaveCount(1);
});

test('a draft is gone on with on another device, and stays one post', async ({
  accounts,
  app,
  baseURL,
  browser,
  client,
  deliveries,
  noBarriers,
  page,
  posts,
  sandbox,
}) => {
  test.setTimeout(120_000);
  const shop = await sandbox.account('facebook', 'Dipper Looms');
  await accounts.connect(shop);
  // The other device: the same person, and a browser that has never seen the draft.
  const context = await browser.newContext({ baseURL });
  const other = new App(await context.newPage());
  const there = new Posts(other);
  const identity = new Identity(other);
  await identity.login(client);
  await expect(other.page).toHaveURL(/\/dashboard/);
  await there.compose();
  await there.text.fill('Wool from four farms.');
  await expect(there.kept).toHaveText('Draft saved');

  await posts.compose();
  await expect(posts.elsewhere).toContainText('Continue the draft from');
  await expect(posts.elsewhere).toContainText('Wool from four farms.');
  await noBarriers('a draft of another device');
  await posts.elsewhere.getByRole('button', { name: 'Not now' }).click();
  await expect(posts.elsewhere).toHaveCount(0);
  await page.reload();
  await app.alive();
  await page.waitForTimeout(500);
  await expect(posts.elsewhere).toHaveCount(0);

  // Written on there, it is offered again.
  await there.text.fill('Wool from four farms, and one goat.');
  await expect(there.kept).not.toHaveText('Draft saved');
  await expect(there.kept).toHaveText('Draft saved');
  await context.close();
  await page.reload();
  await app.alive();
  await posts.elsewhere.getByRole('button', { name: 'Continue' }).click();
  await expect(posts.text).toHaveValue('Wool from four farms, and one goat.');
  await expect(posts.visibility('Publish now')).toBeChecked();
  await posts.text.fill('Wool from four farms, and one goat. Tomorrow.');
  await posts.save();
  await deliveries.expectStatus(shop, 'success');
  expect((await sandbox.posts(shop)).map(post => post.text)).toEqual(['Wool from four farms, and one goat. Tomorrow.']);
  await app.open('/posts');
  await expect(page.locator('[data-post]')).toHaveCount(1);
  await posts.compose();
  await page.waitForTimeout(500);
  await expect(posts.elsewhere).toHaveCount(0);
});

test('a good time is suggested where many look and nothing else goes out', async ({ accounts, client, noBarriers, page, posts, sandbox }) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  await accounts.connect(await sandbox.account('linkedin', 'Dunlin Press'));
  await posts.compose();
  await posts.text.fill('The autumn list is out.');
  await posts.visibility('Schedule').check();
  const suggested = page.getByRole('list', { name: /^Often good times/ }).getByRole('button');
  // LinkedIn's readers look on Tuesdays and Wednesdays at nine.
  await expect(suggested).toHaveCount(2);
  for (const one of await suggested.all()) await expect(one).toHaveAccessibleName(/^(Tue|Wed) .*, 09:00, many look at LinkedIn$/);
  const first = ((await suggested.first().textContent()) ?? '').trim();
  await suggested.first().press('Enter');
  await expect(page.getByRole('button', { name: /^Goes out/ })).toContainText('09:00');
  await noBarriers('the composer with suggested times');
  await posts.save();
  await expect(page.getByText(first.replace(/, 09:00$/, '')).first()).toBeVisible();

  // That one is taken now: it is not suggested again.
  await posts.compose();
  await posts.text.fill('And the backlist.');
  await posts.visibility('Schedule').check();
  await expect(suggested).toHaveCount(1);
  await expect(suggested).not.toHaveText(first);
});

test('an account that pays for X takes a long text, and its page says how long', async ({
  accounts,
  client,
  deliveries,
  noBarriers,
  page,
  posts,
  sandbox,
}) => {
  expect(client.kind).toBe('client');
  const [pays, plain] = await Promise.all([
    sandbox.account('twitter', 'Long Strand News'),
    sandbox.account('twitter', 'Short Strand News'),
  ]);
  await sandbox.premium(pays, true);
  await accounts.connect(plain);
  await posts.compose();
  const text = 'The tide tables of the year, in one post. '.repeat(20).trim();
  await posts.text.fill(text);
  await expect(page.getByRole('progressbar', { name: `X: ${text.length} of 280 characters` })).toBeVisible();
  await posts.saveButton.click();
  await expect(posts.checks.getByText(`X takes 280 characters; this is ${text.length - 280} too long.`)).toBeVisible();

  await accounts.open();
  await accounts.setActive(plain, false);
  await accounts.connect(pays);
  await accounts.open();
  await accounts.show(pays);
  await expect(page.getByText('25,000 characters')).toBeVisible();
  await noBarriers('an account with a limit of its own');
  await posts.compose();
  await posts.text.fill(text);
  await expect(page.getByRole('progressbar', { name: `X: ${text.length} of 25000 characters` })).toBeVisible();
  await noBarriers('the composer with a long text');
  await posts.save();
  await deliveries.expectStatus(pays, 'success');
  expect((await sandbox.posts(pays)).map(post => post.text)).toEqual([text]);
});
