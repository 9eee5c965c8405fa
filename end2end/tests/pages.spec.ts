/** What holds on every page: no barriers, no sideways scrolling, the theme that was chosen from the first paint on. */
import { expect, test } from '../support/fixtures';

const OPEN = ['/', '/login', '/register', '/dev/gallery'];
const SIGNED_IN = ['/dashboard/client', '/accounts', '/compose', '/posts', '/activity', '/nowhere'];
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

async function fits(page: import('@playwright/test').Page, path: string): Promise<void> {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(over, `${path} at ${width} px scrolls sideways`).toBeLessThanOrEqual(0);
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
