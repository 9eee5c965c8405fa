/** What holds on every page: no barriers, no sideways scrolling, the theme that was chosen from the first paint on. */
import { expect, test } from '../support/fixtures';

const OPEN = ['/', '/login', '/login/verify', '/register', '/confirm', '/forgot', '/reset', '/unsubscribe', '/dev/gallery'];
const SIGNED_IN = [
  '/dashboard/client',
  '/accounts',
  '/compose',
  '/posts',
  '/approvals',
  '/calendar',
  '/calendar?view=week',
  '/calendar?view=day',
  '/settings/queue',
  '/activity',
  '/media',
  '/team',
  '/workspaces',
  '/settings/api-keys',
  '/settings/webhooks',
  '/settings/notifications',
  '/settings/security',
  '/settings/security/two-step',
  '/settings/workspace',
  '/settings/profile',
  '/settings/data',
  '/settings/audit',
  '/nowhere',
];
const WIDTHS = [360, 768, 1024, 1440, 1920];

for (const path of OPEN) {
  test(`${path} has no barriers and fits every width`, async ({ app, noBarriers, page }) => {
    // The gallery shows every component in every state, twice.
    test.setTimeout(180_000);
    await app.open(path);
    await noBarriers(path);
    await fits(page, path);
  });
}

test('a link clicked while a page is still being built leads where it says', async ({ app, client, page }) => {
  expect(client.kind).toBe('client');
  // The module of the page comes late.
  await page.route('**/pkg/split_*.wasm', async route => {
    await new Promise(late => setTimeout(late, 3_000));
    await route.continue();
  });
  for (const [from, name, to] of [['/accounts', 'New post', /\/compose/], ['/posts/0190a1b2-0000-7000-8000-000000000000', 'Accounts', /\/accounts$/]] as const) {
    const module = page.waitForRequest(/\/pkg\/split_/);
    await page.goto(from, { waitUntil: 'commit' });
    // From here on the router takes clicks over, and the page is not built yet.
    await module;
    await page.getByRole('link', { name, exact: true }).first().click();
    await expect(page).toHaveURL(to);
    await app.alive();
    await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
  }
});

test('the pages of the app have no barriers and fit every width', async ({ app, client, noBarriers, page }) => {
  test.setTimeout(180_000);
  expect(client.kind).toBe('client');
  for (const path of SIGNED_IN) {
    await app.open(path);
    await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
    await noBarriers(path);
    await fits(page, path);
  }
});

test('long names and texts stay inside their places at every width', async ({ accounts, app, calendar, client, page, posts, sandbox }) => {
  test.setTimeout(180_000);
  expect(client.kind).toBe('client');
  const shop = await sandbox.account('facebook', 'The Ballymacarbry and District Cooperative Creamery');
  await accounts.connect(shop);
  await accounts.card(shop).getByRole('link').first().click();
  await expect(page).toHaveURL(/\/accounts\/[0-9a-f-]{36}$/);
  const account = new URL(page.url()).pathname;
  await posts.compose();
  await posts.text.fill(
    `Butter, buttermilk and the first cheese of the year, from Saturday at nine in the old creamery: ${'long'.repeat(40)}`,
  );
  await posts.save();
  const post = new URL(page.url()).pathname;
  // A day that stays in its month whatever the day is.
  const day = `${new Date(Date.now() + 40 * 86_400_000).toISOString().slice(0, 8)}15`;
  const words = `Curd ${'and whey '.repeat(12)}`;
  const later = await calendar.save({ title: words, body: words, visibility: 'scheduled', scheduled_local: `${day}T09:00:00` });
  for (let version = 2; version < 12; version++) await calendar.api('patch', `/api/content/${later.id}`, { title: `${words} ${version}` });
  const slot = await calendar.api('post', '/api/queue-slots', { social_account_id: account.split('/')[2], weekday: 'monday', time: '09:00' });
  expect(slot.status(), await slot.text()).toBe(201);
  const paths = [
    '/dashboard/client',
    '/accounts',
    '/accounts?view=list',
    account,
    '/posts',
    post,
    '/activity',
    `/compose?from=${post.split('/')[2]}`,
    `/calendar?date=${day}`,
    `/calendar?view=week&date=${day}`,
    '/settings/queue',
    `/posts/${later.id}?from=10&to=11`,
  ];
  for (const path of paths) {
    await app.open(path);
    await fits(page, path);
  }
});

test('what is not there leads back to its list', async ({ app, client, page }) => {
  expect(client.kind).toBe('client');
  const nobody = '00000000-0000-7000-8000-000000000000';
  for (const [path, back] of [
    [`/accounts/${nobody}`, 'All accounts'],
    [`/posts/${nobody}`, 'All posts'],
    [`/compose?post=${nobody}`, 'All posts'],
    [`/media/${nobody}`, 'All media'],
  ]) {
    await app.open(path);
    await expect(page.getByRole('heading', { name: 'Not found' })).toBeVisible();
    await page.getByRole('link', { name: back }).click();
    await expect(page).toHaveURL(new RegExp(`/${back.split(' ')[1]}$`));
  }
});

async function fits(page: import('@playwright/test').Page, path: string): Promise<void> {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(over, `${path} at ${width} px scrolls sideways`).toBeLessThanOrEqual(0);
    // Nor does a part of it hang over what it stands in, cut off.
    const cut = await page.evaluate(() => {
      const shown = [...document.querySelectorAll('main :is(select, input, textarea, [data-agenda] a, [data-agenda] section)')];
      return shown
        .filter(one => one.checkVisibility() && !one.closest('[class*="overflow-x-auto"], [popover], .sr-only') && !one.matches('.sr-only'))
        .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
        .map(one => one.outerHTML.slice(0, 160));
    });
    expect(cut, `${path} at ${width} px cuts something off`).toEqual([]);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

test('the chosen theme is there before the first paint', async ({ app, page }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await app.open('/login');
  // What is under the page while it loads is what flashes.
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await background();
  await page.emulateMedia({ colorScheme: 'light' });
  await expect.poll(background).not.toBe(dark);
});

test('an address that does not exist says so, with its code', async ({ client, page }) => {
  expect(client.kind).toBe('client');
  const answer = await page.goto('/nowhere');
  expect(answer?.status()).toBe(404);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
});
