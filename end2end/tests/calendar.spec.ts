/** When posts go out: the calendar by mouse and by keyboard, and the queue. */
import { expect, test } from '../support/fixtures';
import { tabTo } from '../support/keyboard';

/** A Monday three to four weeks ahead, and days from it. */
function monday(): Date {
  const day = new Date();
  day.setUTCHours(0, 0, 0, 0);
  day.setUTCDate(day.getUTCDate() + 28 - ((day.getUTCDay() + 6) % 7));
  return day;
}

function after(day: Date, days: number): string {
  const other = new Date(day);
  other.setUTCDate(other.getUTCDate() + days);
  return other.toISOString().slice(0, 10);
}

/** Where a day stands on the sheet of its month. */
function inMonth(date: string): number {
  const first = new Date(`${date.slice(0, 8)}01T00:00:00Z`);
  return ((first.getUTCDay() + 6) % 7) + Number(date.slice(8)) - 1;
}

test('a post is dragged to another day and another hour', async ({ accounts, app, calendar, client, noBarriers, page, sandbox }) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  await accounts.connect(await sandbox.account('facebook', 'Larch Bakery'));
  // A Wednesday between two days of the same month.
  let start = monday();
  if (after(start, 2).slice(0, 7) !== after(start, 4).slice(0, 7)) start = new Date(`${after(start, 7)}T00:00:00Z`);
  const [day, later] = [after(start, 2), after(start, 3)];
  const { id } = await calendar.save({ body: 'Sourdough again', visibility: 'scheduled', scheduled_local: `${day}T09:20:00` });

  await page.setViewportSize({ width: 1280, height: 1000 });
  await calendar.open('month', day);
  const event = calendar.event('Sourdough again');
  await expect(calendar.cell(inMonth(day)).locator('[data-event]')).toHaveCount(1);
  await noBarriers('a month with a post');
  await calendar.drag(event, calendar.cell(inMonth(later)));
  await expect(calendar.cell(inMonth(later)).locator('[data-event]')).toHaveCount(1);
  await expect.poll(async () => (await calendar.read(id)).scheduled_local).toBe(`${later}T09:20:00`);
  await expect(page).toHaveURL(/\/calendar\?/);

  await calendar.open('week', day);
  await noBarriers('a week with a post');
  await calendar.drag(event, calendar.cell(4, 11));
  await expect(calendar.cell(4, 11).locator('[data-event]')).toContainText('11:20');
  await expect.poll(async () => (await calendar.read(id)).scheduled_local).toBe(`${after(start, 4)}T11:20:00`);
  await page.reload();
  await app.alive();
  await expect(calendar.cell(4, 11).locator('[data-event]')).toContainText('Sourdough again');

  // A click is no drag.
  await event.click();
  await expect(page).toHaveURL(new RegExp(`/posts/${id}$`));
});

test('a post is moved by keyboard, and what happens is said', async ({ accounts, calendar, client, page, sandbox }) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  await accounts.connect(await sandbox.account('facebook', 'Rowan Press'));
  const start = monday();
  const { id } = await calendar.save({ body: 'Letterpress evening', visibility: 'scheduled', scheduled_local: `${after(start, 1)}T10:45:00` });
  await page.setViewportSize({ width: 1280, height: 1000 });
  await calendar.open('week', after(start, 0));
  const link = calendar.event('Letterpress evening').getByRole('link');
  await tabTo(page, link);

  await page.keyboard.press('Space');
  await expect(calendar.said).toContainText('picked up');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Escape');
  await expect(calendar.said).toContainText('stays where it was');
  await expect(link).toBeFocused();
  expect((await calendar.read(id)).version).toBe(1);

  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect(calendar.said).toContainText('Wednesday');
  await expect(calendar.said).toContainText('12:00');
  await page.keyboard.press('Enter');
  await expect(calendar.said).toContainText('goes out on Wednesday');
  await expect(calendar.cell(2, 12).locator('[data-event]')).toContainText('12:45');
  await expect(link).toBeFocused();
  const moved = await calendar.read(id);
  expect([moved.scheduled_local, moved.version]).toEqual([`${after(start, 2)}T12:45:00`, 2]);

  // Where the server says no, it goes back.
  await page.route('**/fn/posts/move', route =>
    route.fulfill({
      status: 409,
      contentType: 'application/json',
      body: JSON.stringify({ kind: 'refused', code: 'CONFLICT', message: 'Somebody else has changed this post meanwhile.' }),
    }),
  );
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await expect(page.getByText('was not moved').first()).toBeVisible();
  await expect(calendar.cell(2, 12).locator('[data-event]')).toContainText('12:45');
  expect((await calendar.read(id)).version).toBe(2);
});

test('within a day a post is dragged to another hour, moved there by keyboard too, and stays', async ({
  accounts,
  app,
  calendar,
  client,
  noBarriers,
  page,
  sandbox,
}) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  await accounts.connect(await sandbox.account('facebook', 'Spindle Yarns'));
  const day = after(monday(), 3);
  const { id } = await calendar.save({ body: 'Knitting at noon', visibility: 'scheduled', scheduled_local: `${day}T09:20:00` });
  await page.setViewportSize({ width: 1280, height: 1000 });
  await calendar.open('day', day);
  const event = calendar.event('Knitting at noon');
  await expect(calendar.cell(0, 9).locator('[data-event]')).toContainText('09:20');
  await noBarriers('a day with a post');
  await calendar.drag(event, calendar.cell(0, 13));
  await expect(calendar.cell(0, 13).locator('[data-event]')).toContainText('13:20');
  await expect(calendar.said).toContainText('goes out on Thursday');

  // Put down beside the sheet, it stays.
  await calendar.drag(event, page.getByRole('heading', { level: 1, name: 'Calendar' }));
  await expect(calendar.said).toContainText('stays where it was');
  await expect(page).toHaveURL(/\/calendar\?view=day/);

  await page.reload();
  await app.alive();
  await expect(calendar.cell(0, 13).locator('[data-event]')).toContainText('13:20');
  expect((await calendar.read(id)).scheduled_local).toBe(`${day}T13:20:00`);

  const link = event.getByRole('link');
  await tabTo(page, link);
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowRight');
  await expect(calendar.said).toHaveText('Edge of the calendar.');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await expect(calendar.said).toContainText('11:00');
  await page.keyboard.press('Enter');
  await expect(calendar.said).toContainText('11:20');
  await expect(link).toBeFocused();
  await page.reload();
  await app.alive();
  await expect(calendar.cell(0, 11).locator('[data-event]')).toContainText('11:20');
  const moved = await calendar.read(id);
  expect([moved.scheduled_local, moved.version]).toEqual([`${day}T11:20:00`, 3]);
});

test('a free place leads to the composer, and the address holds view and date', async ({ accounts, calendar, client, page, posts, sandbox }) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  await accounts.connect(await sandbox.account('facebook', 'Alder Dairy'));
  const start = monday();
  await page.setViewportSize({ width: 1280, height: 1000 });
  await calendar.open('week', after(start, 0));
  await page.getByRole('link', { name: 'Next week' }).click();
  await expect(page).toHaveURL(new RegExp(`view=week&date=${after(start, 7)}`));
  await page.getByRole('link', { name: 'Previous week' }).click();
  await calendar.cell(3, 14).click();
  await expect(page).toHaveURL(new RegExp(`/compose\\?at=${after(start, 3)}T14(:|%3A)00`));
  await expect(posts.visibility('Schedule')).toBeChecked();
  await posts.text.fill('Butter on Thursday');
  await posts.save();
  await calendar.open('week', after(start, 0));
  await expect(calendar.cell(3, 14).locator('[data-event]')).toContainText('Butter on Thursday');

  // By keyboard: arrows go from place to place, Enter writes.
  await calendar.cell(3, 9).focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await expect(calendar.cell(4, 10)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/compose\\?at=${after(start, 4)}T10(:|%3A)00`));
});

test('on a phone the calendar is a list, and it follows what happens', async ({ accounts, calendar, client, noBarriers, page, sandbox }) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  await accounts.connect(await sandbox.account('facebook', 'Elder Farm'));
  const start = monday();
  await page.setViewportSize({ width: 360, height: 800 });
  await calendar.app.open(`/calendar?view=week&date=${after(start, 0)}`);
  await expect(calendar.sheet).toBeHidden();
  await calendar.save({ body: 'Cordial is ready', visibility: 'scheduled', scheduled_local: `${after(start, 2)}T08:00:00` });
  const agenda = page.locator('[data-agenda]');
  await expect(agenda.getByRole('link', { name: 'Cordial is ready' })).toBeVisible({ timeout: 15_000 });
  await expect(agenda).toContainText('Scheduled');
  await noBarriers('the calendar on a phone');
});

test('the queue: slots are set up, a post takes the next one', async ({ accounts, calendar, client, noBarriers, page, posts, sandbox }) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  await accounts.connect(await sandbox.account('facebook', 'Hawthorn Books'));
  await calendar.app.open('/settings/queue');
  await expect(page.getByText('No slots yet')).toBeVisible();
  await page.getByLabel('Day').selectOption('weekdays');
  await page.getByLabel('Time', { exact: true }).fill('09:30');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(page.getByText('5 slots were added')).toBeVisible();
  await expect(page.getByRole('button', { name: /^Remove .* at 09:30/ })).toHaveCount(5);
  await page.getByRole('button', { name: /^Remove Wednesday at 09:30/ }).click();
  await expect(page.getByRole('button', { name: /^Remove .* at 09:30/ })).toHaveCount(4);
  await noBarriers('the queue with slots');

  for (const text of ['First in the queue', 'Second in the queue']) {
    await posts.compose();
    await posts.text.fill(text);
    await page.getByRole('radio', { name: /^Add to queue/ }).check();
    await expect(page.getByText('Next free slot:')).toBeVisible();
    await posts.save();
  }
  const list = (await (await calendar.api('get', '/api/content?status=scheduled')).json()).data;
  const times: string[] = list.map((post: { at: string }) => post.at);
  expect(new Set(times).size).toBe(2);
  for (const time of times) {
    expect(time).toMatch(/T09:30:00/);
    expect([1, 2, 4, 5]).toContain(new Date(time).getUTCDay());
  }
});

test('an account with slots of its own gets its posts at those, and all others at everybody’s', async ({
  accounts,
  app,
  calendar,
  client,
  noBarriers,
  page,
  posts,
  sandbox,
}) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  const [shop, company] = await Promise.all([
    sandbox.account('facebook', 'Bramble Jams'),
    sandbox.account('linkedin', 'Bramble Preserves'),
  ]);
  await accounts.connect(shop);
  await accounts.connect(company);
  await app.open('/settings/queue');
  const owner = page.getByLabel('For', { exact: true });
  const add = async (account: string | RegExp, days: string, time: string) => {
    const label = (await owner.getByRole('option', { name: account }).textContent()) ?? '';
    await owner.selectOption({ label: label.trim() });
    await page.getByLabel('Day', { exact: true }).selectOption(days);
    await page.getByLabel('Time', { exact: true }).fill(time);
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await expect(page.getByRole('button', { name: new RegExp(`^Remove .* at ${time} `) }).first()).toBeVisible();
  };
  await add('Every post', 'every_day', '12:00');
  await add(/Bramble Jams/, 'tuesday', '08:15');
  const own = page.getByRole('region', { name: shop.name });
  await expect(own).toContainText('For posts to this account alone.');
  await expect(own.getByRole('button', { name: 'Remove Tuesday at 08:15 from the slots of Bramble Jams' })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Every post' }).getByRole('button', { name: /at 12:00/ })).toHaveCount(7);
  await expect(page.getByText('08:15')).toHaveCount(1);
  await noBarriers('the queue with slots of an account');

  const toQueue = async (text: string, time: string, leftOut?: string) => {
    await posts.compose();
    await posts.text.fill(text);
    if (leftOut) await page.getByRole('button', { name: leftOut, pressed: true }).click();
    await page.getByRole('radio', { name: /^Add to queue/ }).check();
    await expect(page.getByText('Next free slot:')).toContainText(`, ${time}, UTC`);
    await posts.save();
    await expect(page.getByRole('heading', { level: 2, name: /^Goes out/ })).toContainText(time);
    return calendar.read(new URL(page.url()).pathname.slice('/posts/'.length));
  };
  const first = await toQueue('Blackcurrant is back.', '08:15', 'LinkedIn Bramble Preserves');
  const second = await toQueue('So is gooseberry.', '08:15', 'LinkedIn Bramble Preserves');
  for (const post of [first, second]) expect(new Date(post.scheduled_at ?? '').getUTCDay()).toBe(2);
  const week = 7 * 24 * 3_600_000;
  expect(Date.parse(second.scheduled_at ?? '') - Date.parse(first.scheduled_at ?? '')).toBe(week);
  await toQueue('We look for pickers.', '12:00', 'Facebook Bramble Jams');
  await toQueue('Closed on Monday.', '12:00');

  // Without slots of its own it is like all the others.
  await app.open('/settings/queue');
  await page.getByRole('button', { name: /^Remove Tuesday at 08:15/ }).click();
  await expect(own).toHaveCount(0);
  await toQueue('Gooseberry again.', '12:00', 'LinkedIn Bramble Preserves');
});
