/** Posts that wait for somebody's word: who writes, who decides, and that what goes out is what was looked at. */
import { Approvals, Colleague } from '../pages/approvals';
import { expect, test } from '../support/fixtures';
import { tabTo } from '../support/keyboard';

test('a member asks, an editor sends back and then approves, and just that goes out', async ({
  accounts, browser, client, deliveries, mailbox, noBarriers, page, sandbox,
}) => {
  test.setTimeout(240_000);
  const shop = await sandbox.account('facebook', 'Larch Lane Books');
  await accounts.connect(shop);
  const approvals = new Approvals(accounts.app);
  await approvals.open();
  await expect(approvals.empty).toBeVisible();
  await noBarriers('an empty queue');
  const member = await Colleague.join(browser, page, mailbox, client, 'member', 'Sorcha Byrne');

  // The composer says what saving does, and who has the last word.
  await member.posts.compose();
  await expect(member.page.getByText('An editor or admin of this workspace looks at it first.')).toBeVisible();
  await expect(member.page.getByRole('radio', { name: /^Publish once approved/ })).toBeChecked();
  await member.posts.text.fill('Readnig on Saturday at noon.');
  await member.page.getByRole('button', { name: 'Save and ask for approval' }).click();
  await expect(member.page).toHaveURL(/\/posts\/[0-9a-f-]{36}$/);
  await expect(member.page.getByText('Version 1 waits for approval.')).toBeVisible();
  await expect(member.page.getByRole('button', { name: /^Approve/ })).toHaveCount(0);

  // The open queue has heard of it, and so has the rail.
  const card = approvals.card('Readnig on Saturday');
  await expect(card).toBeVisible();
  await expect(card.getByText('Sorcha Byrne asks for version 1')).toBeVisible();
  await expect(card.getByText('As soon as it is approved')).toBeVisible();
  await expect(page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: /^Approvals ?, 1$/ })).toBeVisible();
  await noBarriers('a queue with a post');
  await approvals.reject(card).click();
  await expect(approvals.note).toBeFocused();
  await approvals.sendNote.click();
  await expect(page.getByText('Say what has to change, so that the author can ask again.')).toBeVisible();
  await noBarriers('a note that is missing');
  await approvals.note.fill('Mind the spelling, please.');
  await approvals.sendNote.click();
  await expect(approvals.empty).toBeVisible();

  // Its author sees why, beside the post and while changing it.
  await expect(member.page.getByText('rejected version 1.').first()).toBeVisible();
  await expect(member.page.getByText('“Mind the spelling, please.”')).toBeVisible();
  await member.page.getByRole('link', { name: 'Edit', exact: true }).click();
  await expect(member.page.locator('[data-ui=standing]')).toContainText('Mind the spelling, please.');
  await member.posts.text.fill('Reading on Saturday at noon.');
  await member.page.getByRole('button', { name: 'Save and ask for approval' }).click();
  await expect(member.page.getByText('Version 2 waits for approval.')).toBeVisible();
  expect(await sandbox.posts(shop), 'nothing has gone out').toEqual([]);

  const again = approvals.card('Reading on Saturday');
  await approvals.approve(again).click();
  await expect(page.getByText('is approved').first()).toBeVisible();
  await expect(approvals.empty).toBeVisible();
  await deliveries.app.open(new URL(member.page.url()).pathname);
  await deliveries.expectStatus(shop, 'success');
  expect((await sandbox.posts(shop)).map(post => post.text)).toEqual(['Reading on Saturday at noon.']);
  await expect(approvals.log.getByRole('listitem')).toHaveCount(4);
  await expect(approvals.log.getByRole('listitem').first()).toContainText(`${client.name} approved version 2`);
  await noBarriers('a post with its approvals');
  await member.leave();
});

test('what was approved and is changed waits again, with what is new in it', async ({ accounts, app, browser, client, mailbox, noBarriers, page, sandbox }) => {
  test.setTimeout(240_000);
  await accounts.connect(await sandbox.account('facebook', 'Alder Yard'));
  const approvals = new Approvals(app);
  const other = await Colleague.join(browser, page, mailbox, client, 'member', 'Aoife Daly');
  const day = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10);
  const made = await other.context.request.post('/api/content', {
    headers: { origin: new URL(page.url()).origin },
    data: { body: 'The workshop on lime wash.', visibility: 'scheduled', scheduled_local: `${day}T10:00:00` },
  });
  expect(made.status(), await made.text()).toBe(201);
  const { id } = (await made.json()).data;
  await app.open('/approvals');
  const first = approvals.card('The workshop on lime wash.');
  await expect(first.getByText(/^Goes out .*10:00, /)).toBeVisible();
  await approvals.approve(first).click();
  await expect(first).toHaveCount(0);
  await other.app.open(`/compose?post=${id}`);
  await expect(other.page.getByText('What you change here needs approval.')).toBeVisible();
  await other.posts.text.fill('The workshop on lime and clay wash.');
  await other.page.getByRole('button', { name: 'Save and ask for approval' }).click();
  await expect(other.page.getByText('Version 2 waits for approval.')).toBeVisible();
  const changed = approvals.card('The workshop on lime');
  await expect(changed.getByText('What changed since version 1, which was approved')).toBeVisible();
  await expect(changed.locator('ins').first()).toContainText('and clay');
  await noBarriers('a queue with a comparison');
  // The calendar shows it as waiting, on its day.
  await app.open(`/calendar?view=day&date=${day}`);
  await expect(page.locator('[data-event]').filter({ hasText: 'The workshop on lime' })).toHaveAttribute('data-status', 'pending_approval');
  await app.open('/dashboard/client');
  const waiting = page.getByRole('region', { name: 'Waiting for approval' });
  await expect(waiting.getByRole('link', { name: /The workshop on lime/ })).toBeVisible();
  await noBarriers('an overview with what waits');
  // Its author takes it back.
  await other.page.getByRole('button', { name: /^Take back the request/ }).click();
  await expect(other.page.getByText('This post is a draft.')).toBeVisible();
  await expect(waiting).toHaveCount(0);
  await other.leave();
});

test('with four eyes an editor’s own post waits for another one', async ({ accounts, app, browser, client, mailbox, noBarriers, page, posts, sandbox }) => {
  test.setTimeout(240_000);
  const shop = await sandbox.account('facebook', 'Willow Dairy');
  await accounts.connect(shop);
  await app.open('/settings/workspace');
  await page.getByRole('radio', { name: 'Everybody’s posts' }).check();
  await page.getByRole('button', { name: 'Save settings' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  // There is nobody else to approve, and the page says so.
  await expect(page.getByText('Your own posts cannot go out now.')).toBeVisible();
  await noBarriers('four eyes and two of them');

  await posts.compose();
  await posts.text.fill('Butter from Thursday.');
  await page.getByRole('button', { name: 'Save and ask for approval' }).click();
  await expect(page.getByText('Version 1 waits for approval.')).toBeVisible();
  await expect(page.getByText('This is your own post, so another editor or admin decides on it.')).toBeVisible();
  await expect(page.getByRole('button', { name: /^Approve version/ })).toHaveCount(0);
  await expect(page.getByRole('navigation', { name: 'Sections' }).getByRole('link', { name: 'Approvals', exact: true })).toHaveCount(1);

  const editor = await Colleague.join(browser, page, mailbox, client, 'editor', 'Maeve Keane');
  await editor.approvals.open();
  await editor.approvals.approve(editor.approvals.card('Butter from Thursday.')).click();
  await expect(editor.approvals.empty).toBeVisible();
  await expect(page.locator('[data-step=approved]')).toContainText('Maeve Keane approved version 1');
  await expect.poll(async () => (await sandbox.posts(shop)).map(post => post.text)).toEqual(['Butter from Thursday.']);
  await app.open('/settings/workspace');
  await expect(page.getByText('Your own posts cannot go out now.')).toHaveCount(0);
  await editor.leave();
});

test('deciding by keyboard alone', async ({ accounts, app, browser, client, mailbox, page, sandbox }) => {
  test.setTimeout(240_000);
  await accounts.connect(await sandbox.account('facebook', 'Rowan Press'));
  const member = await Colleague.join(browser, page, mailbox, client, 'member', 'Nuala Flynn');
  for (const body of ['First of two.', 'Second of two.']) {
    const made = await member.context.request.post('/api/content', { headers: { origin: new URL(page.url()).origin }, data: { body } });
    expect(made.status(), await made.text()).toBe(201);
  }
  const approvals = new Approvals(app);
  await approvals.open();
  const [first, second] = [approvals.card('First of two.'), approvals.card('Second of two.')];
  await tabTo(page, approvals.reject(first));
  await page.keyboard.press('Enter');
  await expect(approvals.note).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(approvals.note).toHaveCount(0);
  await tabTo(page, approvals.reject(first));
  await page.keyboard.press('Enter');
  await page.keyboard.type('Say which two.');
  await page.keyboard.press('Control+Enter');
  await expect(first).toHaveCount(0);
  // The next one has the focus, so that it goes on from there.
  await expect(second.getByRole('heading', { name: 'Second of two.' })).toBeFocused();
  await tabTo(page, approvals.approve(second), 12);
  await page.keyboard.press('Enter');
  await expect(approvals.empty).toBeVisible();
  await expect(page.locator('#approvals-count')).toBeFocused();
  await member.leave();
});
