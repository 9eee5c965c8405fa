/** One person in several workspaces: making one, going from one to another, two tabs, and by keyboard and without a script. */
import { App, expect, test } from '../support/fixtures';
import { Workspaces } from '../pages/workspaces';
import { png } from '../support/picture';

test('a further workspace is made, entered and left, and shows nothing of the other', async ({ app, client, noBarriers, page, posts }) => {
  const workspaces = new Workspaces(page);
  await posts.compose();
  await posts.text.fill('Only for the first workspace');
  await page.getByRole('radio', { name: /^Keep private/ }).check();
  await posts.save();
  await workspaces.switcher.click();
  await page.getByRole('menuitem', { name: 'New workspace' }).click();
  await expect(page).toHaveURL(/\/workspaces#new$/);
  await expect(page.getByRole('list', { name: 'Your workspaces' }).getByText(client.name)).toBeVisible();
  await noBarriers('the page of the workspaces');
  await page.getByRole('button', { name: 'Make workspace' }).click();
  await expect(page.getByText('Give the workspace a name')).toBeVisible();
  await workspaces.make('Harbour & Pine', 'Agency');
  await expect(page).toHaveURL(/\/dashboard\/agency$/);
  await app.alive();
  await expect(workspaces.switcher).toHaveText(/Harbour & Pine/);
  await app.open('/posts');
  await expect(page.getByText('Only for the first workspace')).toHaveCount(0);

  await workspaces.switcher.click();
  const here = page.getByRole('menuitem', { name: /^Harbour & Pine/ });
  await expect(here).toHaveAttribute('aria-current', 'true');
  await expect(here).toBeFocused();
  await noBarriers('the list of the workspaces');
  await page.keyboard.press('Escape');
  await expect(workspaces.switcher).toBeFocused();
  // By the keyboard alone.
  await page.keyboard.press('Enter');
  const other = page.getByRole('menuitem', { name: new RegExp(`^${client.name}`) });
  await expect(other).toBeVisible();
  await expect(here).toBeFocused();
  await page.keyboard.press(client.name.charAt(0));
  await expect(other).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/dashboard\/client$/);
  await app.open('/posts');
  await expect(page.getByText('Only for the first workspace').first()).toBeVisible();
});

test('a tab that stayed behind does nothing in the other workspace, and says so', async ({ app, client, context, page, posts }) => {
  expect(client.kind).toBe('client');
  await posts.compose();
  await posts.text.fill('Meant for the first workspace');
  await page.getByRole('radio', { name: /^Keep private/ }).check();
  const second = await context.newPage();
  const other = new Workspaces(second);
  await new App(second).open('/workspaces');
  await other.make('Harbour & Pine', 'Agency');
  await expect(second).toHaveURL(/\/dashboard\/agency$/);

  await posts.saveButton.click();
  await expect(page.getByText(/This page belongs to another workspace/).first()).toBeVisible();
  await new App(second).open('/posts');
  await expect(second.getByText('Meant for the first workspace')).toHaveCount(0);
  // Moving about in it leads to nothing of the other workspace either.
  await page.getByRole('link', { name: 'Activity' }).first().click();
  await expect(page.getByText('You have gone to another workspace')).toBeVisible();
  await page.getByRole('button', { name: 'Load the page anew' }).click();
  await app.alive();
  await expect(new Workspaces(page).switcher).toHaveText(/Harbour & Pine/);
});

test('the settings of the workspace are an admin’s, with what is wrong beside its field', async ({ app, client, noBarriers, page }) => {
  expect(client.kind).toBe('client');
  await app.open('/settings/workspace');
  await page.getByLabel('Short name').fill('Not a slug');
  await page.getByLabel('Undo window, in seconds').fill('61');
  await page.getByRole('button', { name: 'Save settings' }).click();
  await expect(page.getByText(/^Use lower-case letters, digits/)).toBeVisible();
  await expect(page.getByText('The undo window is at most 60 seconds')).toBeVisible();
  await app.alive();
  await noBarriers('settings that were refused');
  await page.getByLabel('Short name').fill(`pier-${Date.now()}`);
  await page.getByLabel('Undo window, in seconds').fill('9');
  await page.getByLabel('Time zone').fill('Europe/Dublin');
  await page.getByLabel('Name', { exact: true }).fill('Pier & Pine');
  await page.getByRole('button', { name: 'Save settings' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(new Workspaces(page).switcher).toHaveText(/Pier & Pine/);

  await page.locator('#workspace-logo').setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: png(64, 64, [20, 60, 110]) });
  await page.getByRole('button', { name: 'Upload' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  const logo = page.getByRole('banner').locator('[data-ui=org-mark] img');
  await expect(logo).toBeVisible();
  expect(await logo.evaluate(image => (image as HTMLImageElement).naturalWidth)).toBe(64);
  await page.locator('#workspace-logo').setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
  await page.getByRole('button', { name: 'Replace' }).click();
  await expect(page.getByText(/^Choose a picture: JPG/).first()).toBeVisible();
  await page.getByRole('button', { name: 'Remove logo' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(logo).toHaveCount(0);
});

test('a profile has the fields of its kind', async ({ app, identity, page }) => {
  const orla = identity.somebody('agency');
  await identity.register(orla);
  await app.open('/settings/profile');
  await page.getByLabel('Full name').fill('Orla Walsh');
  await page.getByLabel('Specialties').fill('Food, Small shops, food');
  await page.getByLabel('Team size').fill('7');
  await page.getByLabel('List me in the directory').check();
  await page.getByRole('button', { name: 'Save profile' }).click();
  await expect(page.getByText('Saved.')).toBeVisible();
  await expect(page.getByLabel('Specialties')).toHaveValue('Food, Small shops');
  await expect(page.getByLabel('List me in the directory')).toBeChecked();
  await expect(page.getByRole('button', { name: /account menu, Orla Walsh/i })).toBeVisible();
});

test('somebody takes their data along and deletes their account', async ({ app, client, identity, noBarriers, page }) => {
  await app.open('/settings/data');
  await noBarriers('the page of one’s data');
  await page.getByRole('button', { name: 'Put my data together' }).click();
  await expect(async () => {
    await app.open('/settings/data');
    await expect(page.getByRole('link', { name: 'Download' })).toBeVisible({ timeout: 500 });
  }).toPass();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download' }).click()]);
  expect(download.suggestedFilename()).toBe('arctiv-my-data.json');
  const password = page.getByLabel('Your password');
  await password.fill('wrong horse');
  await page.getByRole('button', { name: 'Delete my account for good' }).click();
  await expect(page).toHaveURL(/\/settings\/data$/);
  await expect(password).toHaveAttribute('aria-invalid', 'true');
  await app.alive();
  await password.fill(client.password);
  await page.getByRole('button', { name: 'Delete my account for good' }).click();
  await expect(page).toHaveURL(/\/login\?notice=deleted$/);
  await identity.login(client);
  await expect(page.getByText('Email or password is incorrect.')).toBeVisible();
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('workspaces are made and entered by plain forms', async ({ identity, page }) => {
    const orla = identity.somebody('client');
    await page.goto('/register');
    await identity.fillRegistration(orla);
    await page.getByRole('button', { name: 'Create Account' }).click();
    await expect(page).toHaveURL(/\/dashboard\/client$/);
    const workspaces = new Workspaces(page);
    await workspaces.switcher.click();
    await page.getByRole('menuitem', { name: 'All workspaces' }).click();
    await expect(page).toHaveURL(/\/workspaces$/);
    await workspaces.make('', 'Manager');
    await expect(page.getByText('Give the workspace a name')).toBeVisible();
    await workspaces.make('Keane Social', 'Manager');
    await expect(page).toHaveURL(/\/dashboard\/manager$/);
    await page.goto('/workspaces');
    await page.getByRole('button', { name: `Go to ${orla.name}` }).click();
    await expect(page).toHaveURL(/\/dashboard\/client$/);
  });
});
