/** Where one is signed in, guessing, and two-step sign-in: with a script and without. */
import type { Page } from '@playwright/test';
import { expect, test } from '../support/fixtures';
import { code, switchOn } from '../support/totp';

test('sessions are listed, ended one by one or all at once, and a new browser is told of', async ({ app, browser, client, mailbox, noBarriers, page }) => {
  const places = await Promise.all([browser.newContext(), browser.newContext(), browser.newContext()]);
  const others: Page[] = [];
  for (const place of places) {
    const other = await place.newPage();
    await other.goto('/login');
    await other.getByLabel('Email').fill(client.email);
    await other.locator('input[name="password"]').fill(client.password);
    await other.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(other).toHaveURL(/\/dashboard\/client$/);
    others.push(other);
  }
  expect(await mailbox.link(client.email, /^New sign-in to your account$/)).toBe('/settings/security');

  await app.open('/settings/security');
  const section = page.getByRole('region', { name: 'Signed in on' });
  await expect(section.getByRole('listitem')).toHaveCount(4);
  await expect(section.getByText('This browser')).toHaveCount(1);
  await noBarriers('security, signed in on four browsers');
  await section.getByRole('button', { name: /^End the session of/ }).first().click();
  await expect(section.getByRole('listitem')).toHaveCount(3);
  await section.getByRole('button', { name: 'End all other sessions' }).click();
  await expect(section.getByRole('listitem')).toHaveCount(1);
  await expect(section.getByRole('button', { name: 'End all other sessions' })).toBeHidden();
  for (const other of others) {
    await other.goto('/accounts');
    await expect(other).toHaveURL(/\/login/);
  }
  for (const place of places) await place.close();
  await app.open('/accounts');
  await expect(page).toHaveURL(/\/accounts$/);
});

test('whoever guesses waits, and sees for how long', async ({ app, client, context, identity, noBarriers, page }) => {
  await context.clearCookies();
  await app.open('/login');
  for (let guess = 0; guess < 5; guess++) {
    await identity.fillLogin(client.email, `wrong horse ${guess}`);
    await identity.signIn();
    await expect(page.getByText('Email or password is incorrect.')).toBeVisible();
  }
  await identity.fillLogin(client.email, 'wrong horse again');
  await identity.signIn();
  await expect(page.getByText('Too many attempts')).toBeVisible();
  await expect(page.getByRole('timer')).toHaveText(/^([1-9]|10) s$/);
  await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeDisabled();
  await noBarriers('guessing');
  await expect(page.getByRole('timer')).toHaveCount(0, { timeout: 15_000 });
  await identity.fillLogin(client.email, client.password);
  await identity.signIn();
  await expect(page).toHaveURL(/\/dashboard\/client$/);
});

test('two steps: set up, sign in with both, a recovery code once, and off again', async ({ app, client, identity, noBarriers, page }) => {
  test.setTimeout(120_000);
  await app.open('/settings/security');
  await page.getByRole('link', { name: 'Set up' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Two-step sign-in' })).toBeVisible();
  await app.open('/settings/security/two-step');
  await noBarriers('two-step sign-in, off');
  await page.getByLabel('Present password').fill('not this one');
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByText('This is not your present password')).toBeVisible();
  await page.getByLabel('Present password').fill(client.password);
  await page.getByRole('button', { name: 'Continue' }).click();
  await app.alive();
  await noBarriers('two-step sign-in, an app to set up');
  await page.getByLabel('Code', { exact: true }).fill('000000');
  await page.getByRole('button', { name: 'Switch on' }).click();
  await expect(page.getByText('This code is not right')).toBeVisible();
  await app.open('/settings/security/two-step');
  const key = ((await page.locator('p.font-mono').first().textContent()) ?? '').replaceAll(' ', '');
  await page.getByLabel('Code', { exact: true }).fill(code(key));
  await page.getByRole('button', { name: 'Switch on' }).click();
  const list = page.getByRole('list', { name: 'Recovery codes' });
  await expect(list.getByRole('listitem')).toHaveCount(10);
  await app.alive();
  await noBarriers('recovery codes');
  const [first] = await list.getByRole('listitem').allTextContents();
  await page.getByRole('link', { name: 'I have kept them' }).click();
  await expect(page.getByText('10 recovery codes are left.')).toBeVisible();
  await noBarriers('two-step sign-in, on');

  await app.open('/dashboard');
  await identity.logout();
  await app.alive();
  await identity.fillLogin(client.email, client.password);
  await identity.signIn();
  await expect(page).toHaveURL(/\/login\/verify/);
  await app.alive();
  await noBarriers('the second step');
  // Half in is not in.
  await page.goto('/accounts');
  await expect(page).toHaveURL(/\/login\?next/);
  await app.open('/login/verify?next=/accounts');
  await page.getByLabel('Code').fill('123 45');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText('This code is not right')).toBeVisible();
  await page.getByLabel('Code').fill(first ?? '');
  await page.getByRole('button', { name: 'Sign in' }).click();
  // The page before names it, too.
  await expect(page).toHaveURL(url => url.pathname === '/accounts');

  await app.open('/settings/security/two-step');
  await expect(page.getByText('9 recovery codes are left.')).toBeVisible();
  await page.locator('#disable-password').fill(client.password);
  await page.getByRole('button', { name: 'Switch off' }).click();
  await expect(page.getByRole('button', { name: 'Continue' })).toBeVisible();
});

test('a sign-in that took too long says so', async ({ app, noBarriers, page }) => {
  await app.open('/login/verify');
  await expect(page.getByText('Your sign-in took too long.')).toBeVisible();
  await noBarriers('a second step without a first');
  await page.getByRole('link', { name: 'Sign in', exact: true }).click();
  await expect(page).toHaveURL(/\/login$/);
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('two steps and sessions are forms', async ({ browser, identity, page }) => {
    const person = identity.somebody('client');
    await page.goto('/register');
    await identity.fillRegistration(person);
    await page.getByRole('button', { name: 'Create Account' }).click();
    await expect(page).toHaveURL(/\/dashboard\/client$/);
    await page.goto('/settings/security/two-step');
    const { codes } = await switchOn(page, person.password);

    const elsewhere = await browser.newContext({ javaScriptEnabled: false });
    const other = await elsewhere.newPage();
    await other.goto('/login?next=/settings/security');
    await other.getByLabel('Email').fill(person.email);
    await other.locator('input[name="password"]').fill(person.password);
    await other.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(other).toHaveURL(/\/login\/verify\?next=/);
    await other.getByLabel('Code').fill('wrong');
    await other.getByRole('button', { name: 'Sign in' }).click();
    await expect(other.getByText('This code is not right')).toBeVisible();
    await other.getByLabel('Code').fill(codes[0] ?? '');
    await other.getByRole('button', { name: 'Sign in' }).click();
    await expect(other).toHaveURL(/^[^?]*\/settings\/security$/);
    await other.getByRole('button', { name: 'End all other sessions' }).click();
    await expect(other.getByText('Your other session has ended.')).toBeVisible();
    await page.goto('/accounts');
    await expect(page).toHaveURL(/\/login/);
    await elsewhere.close();
  });
});
