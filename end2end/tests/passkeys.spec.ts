/** Passkeys, with a virtual device of the browser's: added, used to sign in and as the second step, renamed, removed. */
import type { CDPSession, Page } from '@playwright/test';
import { expect, test } from '../support/fixtures';
import { switchOn } from '../support/totp';

/** A phone that knows its owner. */
async function device(page: Page): Promise<{ cdp: CDPSession; id: string }> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { cdp, id: authenticatorId };
}

test('a passkey is added, signs in by itself and as the second step, and opens nothing once removed', async ({ app, client, identity, mailbox, noBarriers, page }) => {
  test.setTimeout(120_000);
  const { cdp, id } = await device(page);
  await app.open('/settings/security');
  const section = page.getByRole('region', { name: 'Passkeys' });
  await section.getByRole('button', { name: 'Add a passkey' }).click();
  await expect(section.getByText('Please give the passkey a name')).toBeVisible();
  await section.getByLabel('Name', { exact: true }).fill('My phone');
  await section.getByLabel('Present password').fill('not this one');
  await section.getByRole('button', { name: 'Add a passkey' }).click();
  await expect(section.getByText('This is not your present password')).toBeVisible();
  await section.getByLabel('Present password').fill(client.password);
  await section.getByRole('button', { name: 'Add a passkey' }).click();
  await expect(section.getByRole('listitem')).toHaveCount(1);
  await expect(section.getByText('My phone', { exact: true })).toBeVisible();
  await noBarriers('security, with a passkey');
  await mailbox.link(client.email, /^A passkey was added$/);
  const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId: id });
  expect(credentials).toHaveLength(1);
  expect(credentials[0]?.rpId).toBe('localhost');

  // The same device has one already.
  await section.getByLabel('Name', { exact: true }).fill('Once more');
  await section.getByLabel('Present password').fill(client.password);
  await section.getByRole('button', { name: 'Add a passkey' }).click();
  await expect(section.getByText('This device has a passkey for your account already.')).toBeVisible();

  await section.getByRole('button', { name: 'Rename My phone' }).click();
  await section.getByLabel('Name', { exact: true }).first().fill('Phone of Orla');
  await section.getByRole('button', { name: 'Save' }).click();
  await expect(section.getByText('Phone of Orla', { exact: true })).toBeVisible();

  await app.open('/dashboard');
  await identity.logout();
  await app.open('/login?next=/accounts');
  await noBarriers('signing in, with passkeys');
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page).toHaveURL(/^[^?]*\/accounts$/);
  await app.alive();
  await app.open('/settings/security');
  await expect(section.getByText(/last used/)).toBeVisible();

  // Somebody who does not say yes.
  await app.open('/dashboard');
  await identity.logout();
  await app.alive();
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId: id, isUserVerified: false });
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page.getByText('No passkey was used.')).toBeVisible();
  await cdp.send('WebAuthn.setUserVerified', { authenticatorId: id, isUserVerified: true });
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page).toHaveURL(/\/dashboard\/client$/);
  await app.alive();

  // In place of a code, after the password.
  await app.open('/settings/security/two-step');
  await switchOn(page, client.password);
  await app.open('/dashboard');
  await identity.logout();
  await app.alive();
  await identity.fillLogin(client.email, client.password);
  await identity.signIn();
  await expect(page).toHaveURL(/\/login\/verify/);
  await app.alive();
  await noBarriers('the second step, with a passkey');
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page).toHaveURL(/\/dashboard\/client$/);
  await app.alive();

  // Removed here, the device still offers it.
  await app.open('/settings/security');
  await section.getByRole('button', { name: 'Remove Phone of Orla' }).click();
  await page.getByRole('button', { name: 'Remove passkey' }).click();
  await expect(section.getByRole('listitem')).toHaveCount(0);
  await app.open('/dashboard');
  await identity.logout();
  await app.alive();
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page.getByText('This passkey does not open an account here.')).toBeVisible();
});
