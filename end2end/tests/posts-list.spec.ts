/** Finding posts, and what became of them: search, filters with their counts, versions. */
import { expect, test } from '../support/fixtures';

test('posts are searched and narrowed, in the address and with counts', async ({ app, calendar, client, noBarriers, page }) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  await calendar.save({ body: 'Grüße aus Köln', visibility: 'private' });
  await calendar.save({ body: 'New in the shop', link: 'https://harbourpine.example/winter-roast', visibility: 'private' });
  await calendar.save({ title: 'Spring plan', body: 'Eggs and bunnies', visibility: 'private' });
  await app.open('/posts');
  const rows = page.locator('[data-post]');
  await expect(rows).toHaveCount(3);
  const status = page.getByRole('group', { name: 'Status' });
  await expect(status.getByRole('link', { name: /^All/ })).toContainText('3');
  await expect(status.getByRole('link', { name: /^Draft/ })).toContainText('3');
  await expect(status.getByRole('link', { name: /^Scheduled/ })).toContainText('0');

  const search = page.locator('#main').getByRole('searchbox');
  await search.fill('koln');
  await expect(page).toHaveURL(/q=koln/);
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText('Grüße aus Köln');
  await expect(status.getByRole('link', { name: /^Draft/ })).toContainText('1');
  await search.fill('harbourpine wint');
  await expect(rows).toContainText('New in the shop');
  await page.reload();
  await page.waitForSelector('html[data-hydrated]');
  await expect(rows).toHaveCount(1);
  // The menu stays open while the numbers of the filters change, and closes with the choice.
  const best = page.getByRole('link', { name: 'Best match first' });
  await page.getByRole('button', { name: /^Order/ }).click();
  await expect(best).toBeVisible();
  await best.focus();
  await calendar.save({ body: 'Harbourpine, winter hours', visibility: 'private' });
  await expect(status.getByRole('link', { name: /^All/ })).toContainText('2');
  await expect(best).toBeVisible();
  await expect(best).toBeFocused();
  await best.click();
  await expect(page).toHaveURL(/sort=relevance/);
  await expect(best).toBeHidden();
  await expect(rows).toHaveCount(2);
  await noBarriers('a narrowed list of posts');

  await app.open('/posts');
  await page.getByRole('button', { name: /^Author/ }).click();
  await page.getByRole('link', { name: client.name }).click();
  await expect(page).toHaveURL(/author=/);
  await expect(rows).toHaveCount(4);
  await page.getByRole('button', { name: /^Dates/ }).click();
  await page.getByLabel('From', { exact: true }).fill('2020-01-01');
  await page.getByLabel('To', { exact: true }).fill('2020-12-31');
  await page.getByRole('button', { name: 'Show these dates' }).click();
  await expect(page).toHaveURL(/author=[^&]+&from=2020-01-01&to=2020-12-31/);
  await expect(page.getByText('No post fits these filters')).toBeVisible();
  await page.getByRole('link', { name: 'Clear filters' }).click();
  await expect(rows).toHaveCount(4);
});

test('versions are listed, compared and brought back', async ({ app, calendar, client, noBarriers, page }) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  const { id } = await calendar.save({ body: 'Red plum and cocoa', visibility: 'private' });
  await calendar.api('patch', `/api/content/${id}`, { body: 'Red plum, cocoa and cold nights' });
  await calendar.api('patch', `/api/content/${id}`, { title: 'Tasting' });
  await app.open(`/posts/${id}`);
  const versions = page.locator('[data-version]');
  await expect(versions).toHaveCount(3);
  await expect(versions.nth(0)).toContainText('Current');
  await expect(versions.nth(0)).toContainText('Title');
  await expect(versions.nth(1)).toContainText('Text');
  await expect(versions.nth(2)).toContainText('Written');

  await page.getByRole('link', { name: 'Compare version 1 with the current one' }).click();
  await expect(page).toHaveURL(/from=1&to=3/);
  const found = page.locator('[data-comparison]');
  await expect(found.locator('ins').first()).toContainText('Tasting');
  await expect(found.locator('ins').last()).toContainText('cold nights');
  await noBarriers('two versions compared');
  await page.reload();
  await app.alive();
  await expect(found).toContainText('From version 1 to version 3');

  await page.getByRole('button', { name: 'Restore version 1' }).click();
  const dialog = page.getByRole('alertdialog', { name: 'Restore version 1?' });
  await expect(dialog).toContainText('become version 4');
  await dialog.getByRole('button', { name: 'Restore version' }).click();
  await expect(page.getByText('Version 1 is back as version 4')).toBeVisible();
  await expect(versions.nth(0)).toContainText('Restored from version 1');
  await expect(versions).toHaveCount(4);
  const restored = (await (await calendar.api('get', `/api/content/${id}`)).json()).data;
  expect([restored.body, restored.title, restored.version]).toEqual(['Red plum and cocoa', null, 4]);
});
