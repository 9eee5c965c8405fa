/** Confirming an address, a forgotten password, a changed one: by the letters and with two browsers. */
import { expect, test } from '../support/fixtures';

const BANNER = 'Please confirm your email to activate all features';
const USED = 'This link has already been used. Request a new confirmation email';

test('the banner stays until the address is confirmed, and the link is good once', async ({ app, client, mailbox, noBarriers, page }) => {
  await expect(page.getByText(BANNER)).toBeVisible();
  const link = await mailbox.link(client.email, /^Confirm your email address$/);
  // A scanner that opens every link confirms nothing.
  for (let looks = 0; looks < 2; looks++) {
    await app.open(link);
    await expect(page.getByText(client.email)).toBeVisible();
  }
  await app.open('/accounts');
  await expect(page.getByText(BANNER)).toBeVisible();

  await app.open(link);
  await noBarriers('an open confirmation link');
  await page.getByRole('button', { name: 'Confirm email address' }).click();
  await expect(page.getByText('Your email is confirmed.')).toBeVisible();
  await page.getByRole('link', { name: 'Go to your overview' }).click();
  await expect(page).toHaveURL(/\/dashboard\/client$/);
  await expect(page.getByText(BANNER)).toHaveCount(0);

  await app.open(link);
  await expect(page.getByText(USED)).toBeVisible();
  await noBarriers('a used confirmation link');
  await page.getByRole('button', { name: 'Request a new confirmation email' }).click();
  await expect(page.getByText('Your email is confirmed already.')).toBeVisible();
});

test('three resends an hour, then a countdown', async ({ app, client, mailbox, noBarriers, page }) => {
  const resend = page.getByRole('button', { name: 'Resend email' });
  for (let times = 0; times < 3; times++) {
    await expect(resend).toBeEnabled();
    const answered = page.waitForResponse(answer => answer.url().endsWith('/fn/identity/resend-confirmation'));
    await resend.click();
    await answered;
    await expect(page.getByText('Verification email sent. Check spam folder.')).toBeVisible();
  }
  await expect(resend).toBeDisabled();
  await expect.poll(() => mailbox.count(client.email)).toBe(4);
  // Here and elsewhere: what is left is the server's to say.
  await app.open('/confirm');
  await expect(page.getByText('Too many attempts. Please try again in 1 hour')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Request a new confirmation email' })).toBeDisabled();
  const timer = page.getByRole('timer');
  await expect(timer).toHaveText(/^5\d/);
  const before = await timer.textContent();
  await expect(timer).not.toHaveText(before ?? '');
  await noBarriers('no resend left');
});

test('a forgotten password: the link is good once and ends every session', async ({ app, browser, client, identity, mailbox, noBarriers, page }) => {
  // Signed in elsewhere too.
  const elsewhere = await browser.newContext();
  const other = await elsewhere.newPage();
  await other.goto('/login');
  await other.getByLabel('Email').fill(client.email);
  await other.locator('input[name="password"]').fill(client.password);
  await other.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(other).toHaveURL(/\/dashboard\/client$/);

  await identity.logout();
  await page.getByRole('link', { name: 'Forgotten your password?' }).click();
  await app.alive();
  await page.getByRole('button', { name: 'Send me a link' }).click();
  await expect(page.getByText('Please enter a valid email address')).toBeVisible();
  await noBarriers('asking for a new password, with an error');
  const answers: string[] = [];
  for (const email of ['nobody.at.all@example.com', client.email]) {
    await app.open('/forgot');
    await page.getByLabel('Email').fill(email);
    await page.getByRole('button', { name: 'Send me a link' }).click();
    await expect(page).toHaveURL(/sent=true/);
    answers.push(await page.locator('main').innerText());
  }
  expect(answers[0]).toBe(answers[1]);

  const link = await mailbox.link(client.email, /^Choose a new password$/);
  await app.open(link);
  await noBarriers('choosing a new password');
  await identity.password.fill('short');
  await page.getByRole('button', { name: 'Save new password' }).click();
  await expect(page.getByText('Password must be at least 8 characters')).toBeVisible();
  await identity.password.fill('a whole new password');
  await page.getByRole('button', { name: 'Save new password' }).click();
  await expect(page.getByText('Your password is changed. Sign in with the new one.')).toBeVisible();

  await other.goto('/accounts');
  await expect(other).toHaveURL(/\/login/);
  await elsewhere.close();
  await app.alive();
  await identity.fillLogin(client.email, client.password);
  await identity.signIn();
  await expect(page.getByText('Email or password is incorrect.')).toBeVisible();
  await identity.fillLogin(client.email, 'a whole new password');
  await identity.signIn();
  await expect(page).toHaveURL(/\/dashboard\/client$/);

  await app.open(link);
  await expect(page.getByText('This link has already been used. Request a new one to choose a password')).toBeVisible();
  await noBarriers('a used link for a password');
});

test('password and address are changed with the present password', async ({ app, client, identity, mailbox, noBarriers, page }) => {
  await app.open('/settings/security');
  await noBarriers('security');
  const passwords = page.getByRole('region', { name: 'Password', exact: true });
  const addresses = page.getByRole('region', { name: 'Email address' });
  await passwords.getByLabel('Present password').fill('not this one');
  await passwords.getByLabel('New password').fill('another good password');
  await passwords.getByRole('button', { name: 'Change password' }).click();
  await expect(passwords.getByText('This is not your present password')).toBeVisible();
  await passwords.getByLabel('Present password').fill(client.password);
  await passwords.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByText('Your password is changed.')).toBeVisible();

  const next = client.email.replace('@', '.new@');
  await addresses.getByLabel('New email address').fill(next);
  await addresses.getByLabel('Present password').fill('another good password');
  await addresses.getByRole('button', { name: 'Change email address' }).click();
  await expect(page.getByText(`We sent a link to ${next}.`)).toBeVisible();
  await app.open(await mailbox.link(next, /^Confirm your new email address$/));
  await page.getByRole('button', { name: 'Confirm email address' }).click();
  await expect(page.getByText('Your email is confirmed.')).toBeVisible();
  // The one it was is told, and opens nothing any more.
  await expect.poll(() => mailbox.count(client.email)).toBe(3);
  await app.open('/dashboard');
  await identity.logout();
  await app.alive();
  await identity.fillLogin(client.email, 'another good password');
  await identity.signIn();
  await expect(page.getByText('Email or password is incorrect.')).toBeVisible();
  await identity.fillLogin(next, 'another good password');
  await identity.signIn();
  await expect(page).toHaveURL(/\/dashboard\/client$/);
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('an address is confirmed and a password replaced', async ({ identity, mailbox, page }) => {
    const person = identity.somebody('client');
    await page.goto('/register');
    await identity.fillRegistration(person);
    await page.getByRole('button', { name: 'Create Account' }).click();
    await expect(page.getByText(BANNER)).toBeVisible();
    await page.getByRole('button', { name: 'Resend email' }).click();
    await expect(page.getByText('Verification email sent. Check spam folder.')).toBeVisible();
    await page.goto(await mailbox.link(person.email, /^Confirm your email address$/));
    await page.getByRole('button', { name: 'Confirm email address' }).click();
    await expect(page.getByText('Your email is confirmed.')).toBeVisible();

    await page.goto('/forgot');
    await page.getByLabel('Email').fill('no address');
    await page.getByRole('button', { name: 'Send me a link' }).click();
    await expect(page.getByText('Please enter a valid email address')).toBeVisible();
    await page.getByLabel('Email').fill(person.email);
    await page.getByRole('button', { name: 'Send me a link' }).click();
    await expect(page.getByText('If an account belongs to this address')).toBeVisible();
    await page.goto(await mailbox.link(person.email, /^Choose a new password$/));
    await identity.password.fill('short');
    await page.getByRole('button', { name: 'Save new password' }).click();
    await expect(page.getByText('Password must be at least 8 characters')).toBeVisible();
    await identity.password.fill('a whole new password');
    await page.getByRole('button', { name: 'Save new password' }).click();
    await expect(page.getByText('Your password is changed. Sign in with the new one.')).toBeVisible();
    await identity.fillLogin(person.email, 'a whole new password');
    await identity.signIn();
    await expect(page).toHaveURL(/\/dashboard\/client$/);
  });
});
