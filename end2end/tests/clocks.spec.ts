/** The nights on which clocks change: what the composer says of them, what goes out when, and what the calendar shows. */
import type { Calendar } from '../pages/calendar';
import { expect, test } from '../support/fixtures';
import { tabTo } from '../support/keyboard';

const DAY = 24 * 3_600_000;

/** The next last Sunday of a month, its eve still to come: clocks go forward in Dublin in March, and back in October. */
function lastSunday(month: number): string {
  for (let year = new Date().getUTCFullYear(); ; year++) {
    const day = new Date(Date.UTC(year, month, 0));
    day.setUTCDate(day.getUTCDate() - day.getUTCDay());
    if (day.getTime() > Date.now() + 2 * DAY) return day.toISOString().slice(0, 10);
  }
}

function eveOf(date: string): string {
  return new Date(Date.parse(date) - DAY).toISOString().slice(0, 10);
}

/** "28 Mar 2027". */
function inWords(date: string): string {
  return new Date(date).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
}

/** Gives the workspace Dublin's clocks, for a test about one of their changes. */
async function liveInDublin(calendar: Calendar, change: string): Promise<void> {
  test.skip(Date.parse(change) > Date.now() + 365 * DAY, 'The next change is further off than posts can be scheduled.');
  const answer = await calendar.api('patch', '/api/workspaces/current', { time_zone: 'Europe/Dublin' });
  expect(answer.ok(), await answer.text()).toBe(true);
}

test('a time that clocks skip is explained, and the post goes out an hour later', async ({
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
  const day = lastSunday(3);
  await accounts.connect(await sandbox.account('facebook', 'Lambay Lobsters'));
  await liveInDublin(calendar, day);
  await app.open(`/compose?at=${day}T01:30`);
  await posts.text.fill('Before the boats leave.');
  await expect(posts.visibility('Schedule')).toBeChecked();
  const skipped = `Clocks go forward on ${inWords(day)}: 01:30 does not exist. The post goes out at 02:30.`;
  await expect(posts.when).toHaveAccessibleDescription(skipped);
  await noBarriers('the composer at a time that does not exist');

  // Another time of that day is an ordinary one.
  await posts.setTime('00:30');
  await expect(posts.when).toHaveAccessibleDescription(`Sun ${inWords(day)}, 00:30, Europe/Dublin (GMT+0)`);
  await posts.setTime('02:30');
  await expect(posts.when).toHaveAccessibleDescription(`Sun ${inWords(day)}, 02:30, Europe/Dublin (GMT+1)`);
  await posts.setTime('01:30');
  await expect(posts.when).toHaveAccessibleDescription(skipped);
  await posts.save();
  await expect(page.getByText('Clocks go forward from 01:00 to 02:00: this day has 23 hours.')).toBeVisible();
  await noBarriers('a post at a time that does not exist');

  await page.setViewportSize({ width: 1280, height: 1000 });
  await calendar.open('day', day);
  await expect(calendar.sheet.getByRole('row', { name: /^01:00/ })).toHaveCount(0);
  await expect(calendar.event('Before the boats')).toContainText('02:30');
  await expect(page.getByText('this day has 23 hours').first()).toBeVisible();
  await noBarriers('a day of 23 hours');
});

test('a time that comes twice is the first one, until the post is moved to the second', async ({
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
  const day = lastSunday(10);
  await accounts.connect(await sandbox.account('facebook', 'Skerries Seals'));
  await liveInDublin(calendar, day);
  await app.open(`/compose?at=${day}T01:30`);
  await posts.text.fill('The seals sing at night.');
  const twice = `Clocks go back on ${inWords(day)}: 01:30 happens twice. The first one is meant (GMT+1).`;
  await expect(posts.when).toHaveAccessibleDescription(twice);
  await posts.save();
  const address = new URL(page.url()).pathname;
  await expect(page.getByText('01:30 comes twice; this is the first (GMT+1).')).toBeVisible();
  const id = address.slice('/posts/'.length);
  const first = (await calendar.read(id)).scheduled_at;

  await page.setViewportSize({ width: 1280, height: 1000 });
  await calendar.open('day', day);
  await expect(page.getByText('this day has 25 hours').first()).toBeVisible();
  const link = calendar.event('The seals sing').getByRole('link');
  await tabTo(page, link);
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowDown');
  await expect(calendar.said).toContainText('01:00 again');
  await noBarriers('a day of 25 hours');
  await page.keyboard.press('Enter');
  await expect(calendar.said).toContainText('goes out on Sunday');
  const second = (await calendar.read(id)).scheduled_at;
  expect(Date.parse(second ?? '') - Date.parse(first ?? '')).toBe(3_600_000);
  await app.open(address);
  await expect(page.getByText('01:30 comes twice; this is the second (GMT+0).')).toBeVisible();
});

test('a post for another zone keeps its place on the clock there, also where clocks change here', async ({
  accounts,
  app,
  calendar,
  client,
  page,
  posts,
  sandbox,
}) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  const day = lastSunday(3);
  const eve = eveOf(day);
  await accounts.connect(await sandbox.account('facebook', 'Howth Harp'));
  await liveInDublin(calendar, day);
  await app.open(`/compose?at=${eve}T07:00`);
  await posts.text.fill('Good morning, New York.');
  await posts.zone.fill('America/New York');
  await expect(posts.zone).toHaveAttribute('aria-invalid', 'true');
  await posts.zone.fill('America/New_York');
  await expect(posts.zone).not.toHaveAttribute('aria-invalid', 'true');
  await expect(posts.when).toHaveAccessibleDescription(`Sat ${inWords(eve)}, 07:00, America/New_York (GMT-4)`);
  await posts.save();
  const id = new URL(page.url()).pathname.slice('/posts/'.length);

  // Eleven o'clock here, and twelve on the day after, when clocks have gone forward here and nothing has changed there.
  await page.setViewportSize({ width: 1280, height: 1000 });
  await calendar.open('month', day);
  const event = calendar.event('Good morning');
  await expect(event).toContainText('11:00');
  await tabTo(page, event.getByRole('link'));
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await expect(calendar.said).toContainText('goes out on Sunday');
  await expect(event).toContainText('12:00');
  expect((await calendar.read(id)).scheduled_local).toBe(`${day}T07:00:00`);
  await page.reload();
  await app.alive();
  await expect(event).toContainText('12:00');
});

test('a post that is moved into a skipped hour says when it goes out instead', async ({
  accounts,
  calendar,
  client,
  page,
  sandbox,
}) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  const day = lastSunday(3);
  const eve = eveOf(day);
  await accounts.connect(await sandbox.account('facebook', 'Dalkey Divers'));
  await liveInDublin(calendar, day);
  await calendar.save({ body: 'A dive by night', visibility: 'scheduled', scheduled_local: `${eve}T01:30:00` });
  await page.setViewportSize({ width: 1280, height: 1000 });
  await calendar.open('month', day);
  const event = calendar.event('A dive by night');
  await expect(event).toContainText('01:30');
  await tabTo(page, event.getByRole('link'));
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  const skipped = `Clocks go forward on ${inWords(day)}: 01:30 does not exist. The post goes out at 02:30.`;
  await expect(calendar.said).toContainText(skipped);
  await expect(page.getByText(skipped).first()).toBeVisible();
  await expect(event).toContainText('02:30');
});
