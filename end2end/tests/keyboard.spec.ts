/** The main job without a mouse. */
import { expect, test } from '../support/fixtures';
import { tabTo } from '../support/keyboard';

test('register, connect, write, save, take back and publish by keyboard alone', async ({
  accounts,
  app,
  deliveries,
  identity,
  page,
  posts,
  sandbox,
}) => {
  test.setTimeout(180_000);
  const person = identity.somebody('client');
  const profile = await sandbox.account('twitter', `Granite ${person.email.slice(5, 9)}`);

  await app.open('/register');
  await tabTo(page, page.getByRole('radio', { name: /^Client/ }));
  await tabTo(page, page.getByLabel('Full name'));
  await page.keyboard.type(person.name);
  await tabTo(page, page.getByLabel('Email'));
  await page.keyboard.type(person.email);
  await tabTo(page, identity.password);
  await page.keyboard.type(person.password);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/dashboard\/client$/);
  await app.alive();

  // The first stop leads past the navigation.
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to main content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('#main')).toBeFocused();

  await accounts.open();
  await tabTo(page, page.getByRole('link', { name: 'Connect X' }).first());
  await page.keyboard.press('Enter');
  // One radio button of a group is a stop, and arrows go through the others.
  const choice = page.locator(`[id="account-${profile.id}"]`);
  await page.locator('input[name="account"]:checked').focus();
  for (let presses = 0; presses < 60 && !(await choice.isChecked()); presses++) await page.keyboard.press('ArrowDown');
  await expect(choice).toBeChecked();
  await tabTo(page, page.getByRole('button', { name: 'Authorise' }));
  await page.keyboard.press('Enter');
  await expect(page.getByText('X is connected.')).toBeVisible();
  await app.alive();

  await tabTo(page, accounts.switch(profile));
  await page.keyboard.press('Space');
  await expect(accounts.switch(profile)).not.toBeChecked();
  await page.keyboard.press('Space');
  await expect(accounts.switch(profile)).toBeChecked();
  await expect(accounts.switch(profile)).not.toHaveAttribute('aria-busy', 'true');

  await posts.compose();
  await tabTo(page, posts.text);
  await page.keyboard.type('Written without a mouse.');
  await tabTo(page, posts.saveButton);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/posts\//);
  await tabTo(page, posts.undo);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/compose\?post=/);
  await expect(posts.text).toHaveValue('Written without a mouse.');

  // Of the radio buttons the chosen one is the stop; arrows go on from there.
  await tabTo(page, page.getByRole('group', { name: 'Visibility' }).locator('input:checked'));
  for (let presses = 0; presses < 3 && !(await posts.visibility('Publish now').isChecked()); presses++) {
    await page.keyboard.press('ArrowDown');
  }
  await expect(posts.visibility('Publish now')).toBeChecked();
  await tabTo(page, posts.saveButton);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/posts\//);
  await expect(deliveries.rows.and(page.locator('[data-status="success"]'))).toHaveCount(1, { timeout: 30_000 });
  expect(await sandbox.posts(profile)).toHaveLength(1);
});
