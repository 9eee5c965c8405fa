import { expect, test } from '../support/fixtures';
import type { Kind } from '../pages/identity';

test.describe('with JavaScript', () => {
  for (const kind of ['client', 'manager', 'agency'] satisfies Kind[]) {
    test(`a ${kind} registers and arrives at their own dashboard`, async ({ identity, page, noBarriers }) => {
      await identity.register(identity.somebody(kind));
      await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
      await noBarriers(`the dashboard of a ${kind}`);

      // Another kind's dashboard, and none in particular, lead back here.
      for (const path of ['/dashboard', '/dashboard/client', '/dashboard/manager', '/dashboard/agency']) {
        await page.goto(path);
        await expect(page).toHaveURL(new RegExp(`/dashboard/${kind}$`));
      }
      // So do the forms for those who are not signed in.
      for (const path of ['/login', '/register']) {
        await page.goto(path);
        await expect(page).toHaveURL(new RegExp(`/dashboard/${kind}$`));
      }
    });
  }

  test('signing out ends the session, and signing in leads to where one wanted to go', async ({
    app,
    client,
    context,
    identity,
    page,
  }) => {
    const [cookie] = (await context.cookies()).filter(one => one.name.endsWith('arctiv_session'));
    expect(cookie.httpOnly).toBe(true);
    expect(cookie.sameSite).toBe('Lax');

    await identity.logout();
    expect((await context.cookies()).filter(one => one.name.endsWith('arctiv_session'))).toEqual([]);
    // The old cookie is worth nothing, wherever it has been copied to.
    await context.addCookies([cookie]);
    await page.goto('/accounts');
    await expect(page).toHaveURL(/\/login\?next=%?.*accounts/);
    await context.clearCookies();

    await app.alive();
    await identity.fillLogin(client.email, client.password);
    await identity.signIn();
    await expect(page).toHaveURL(/\/accounts$/);
  });

  test('what is wrong with a form is said beside the field, and what was typed stays', async ({ app, identity, page, noBarriers }) => {
    await app.open('/register');
    await noBarriers('registering');
    await identity.fillRegistration({ kind: 'client', name: 'Orla', email: 'not an address', password: 'short' });
    await page.getByRole('button', { name: 'Create Account' }).click();
    await expect(page.getByLabel('Email')).toHaveAttribute('aria-invalid', 'true');
    await expect(identity.password).toHaveAttribute('aria-invalid', 'true');
    await expect(page.getByLabel('Email')).toHaveValue('not an address');
    await expect(page).toHaveURL(/\/register$/);
    await noBarriers('registering with errors');
  });

  test('a wrong password and an unknown address are answered alike', async ({ app, client, identity, page, context }) => {
    await context.clearCookies();
    await app.open('/login');
    for (const [email, password] of [
      [client.email, 'not the password'],
      ['nobody.at.all@example.com', client.password],
    ]) {
      await identity.fillLogin(email, password);
      await identity.signIn();
      await expect(page.getByText('Email or password is incorrect.')).toBeVisible();
      await expect(page.getByLabel('Email')).toHaveValue(email);
      await app.open('/login');
    }
  });

  test('an address cannot be registered twice', async ({ app, client, context, identity, page }) => {
    await context.clearCookies();
    await app.open('/register');
    await identity.fillRegistration(client);
    await page.getByRole('button', { name: 'Create Account' }).click();
    await expect(page.getByRole('link', { name: 'Try logging in instead.' })).toBeVisible();
  });
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('one can register, log out and log in', async ({ identity, page, context }) => {
    const person = identity.somebody('client');
    await page.goto('/register');
    await identity.fillRegistration(person);
    await page.getByRole('button', { name: 'Create Account' }).click();
    await expect(page).toHaveURL(/\/dashboard\/client$/);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();

    // The menu needs a script; the form behind it does not.
    await page.request.post('/logout', { headers: { origin: new URL(page.url()).origin } });
    expect((await context.cookies()).filter(one => one.name.endsWith('arctiv_session'))).toEqual([]);
    await page.goto('/dashboard/client');
    await expect(page).toHaveURL(/\/login/);

    await identity.fillLogin(person.email, 'not the password');
    await identity.signIn();
    await expect(page.getByText('Email or password is incorrect.')).toBeVisible();
    await expect(page.getByLabel('Email')).toHaveValue(person.email);

    await identity.fillLogin(person.email, person.password);
    await identity.signIn();
    await expect(page).toHaveURL(/\/dashboard\/client$/);
  });

  test('errors stand beside their fields, in the same words', async ({ identity, page }) => {
    await page.goto('/register');
    await identity.fillRegistration({ kind: 'client', name: 'Orla', email: 'not an address', password: 'short' });
    await page.getByRole('button', { name: 'Create Account' }).click();
    await expect(page.getByLabel('Email')).toHaveAttribute('aria-invalid', 'true');
    await expect(page.getByLabel('Email')).toHaveValue('not an address');
    // A password is never sent back.
    await expect(identity.password).toHaveValue('');
  });
});
