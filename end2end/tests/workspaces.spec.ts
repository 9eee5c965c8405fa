/** One person in several workspaces: making one, going from one to another, two tabs, and by keyboard and without a script. */
import { App, expect, test } from '../support/fixtures';
import { Workspaces } from '../pages/workspaces';

test('a further workspace is made, entered and left, and shows nothing of the other', async ({ app, client, noBarriers, page, posts }) => {
  const workspaces = new Workspaces(page);
  await posts.compose();
  await posts.text.fill('Only for the first workspace');
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
