/** Signing in by way of the simulated provider: new, again, refused, and without JavaScript. */
import type { Page } from '@playwright/test';
import { expect, test } from '../support/fixtures';

async function answer(page: Page, email: string, name = 'Saoirse Byrne'): Promise<void> {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Email').fill(email);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

test('somebody new registers with the provider, signs out, and signs in with it again', async ({ app, identity, noBarriers, page }) => {
  const { email } = identity.somebody('manager');
  await app.open('/register');
  await page.getByRole('radio', { name: /^Manager/ }).check();
  await noBarriers('registration with a provider');
  await page.getByRole('link', { name: 'Continue with Sandbox ID' }).click();
  await answer(page, email);
  await expect(page).toHaveURL(/\/dashboard\/manager$/);
  await app.alive();
  // The provider has confirmed the address.
  await expect(page.getByText('confirm your email')).toHaveCount(0);
  await page.getByRole('button', { name: /^Account menu/ }).click();
  await page.getByRole('menuitem', { name: 'Log out' }).click();
  await expect(page).toHaveURL(/\/login$/);

  await app.open('/login?next=%2Fposts');
  await noBarriers('signing in with a provider');
  await page.getByRole('link', { name: 'Continue with Sandbox ID' }).click();
  await answer(page, email);
  await expect(page).toHaveURL(/\/posts$/);
});

test('whoever cancels at the provider is told that nothing has changed', async ({ app, noBarriers, page }) => {
  await app.open('/login');
  await page.getByRole('link', { name: 'Continue with Sandbox ID' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page).toHaveURL(/\/login\?problem=refused$/);
  await app.alive();
  await expect(page.getByRole('alert')).toContainText('You were not signed in');
  await noBarriers('a sign-in that was cancelled');
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the provider opens the door as well', async ({ identity, page }) => {
    await page.goto('/login');
    await page.getByRole('link', { name: 'Continue with Sandbox ID' }).click();
    await answer(page, identity.somebody('client').email);
    await expect(page).toHaveURL(/\/dashboard\/client$/);
  });
});
