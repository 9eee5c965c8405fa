/** The team: inviting, joining, roles, and losing access in the middle of work. Each person has a browser of their own. */
import type { Browser, BrowserContext, Page } from '@playwright/test';
import { Identity, type Person } from '../pages/identity';
import { Mailbox } from '../pages/mailbox';
import { App, expect, test } from '../support/fixtures';

/** Somebody else's browser. */
class Other {
  readonly app: App;
  readonly identity: Identity;

  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    this.app = new App(page);
    this.identity = new Identity(this.app);
  }

  static async open(browser: Browser): Promise<Other> {
    const context = await browser.newContext();
    return new Other(context, await context.newPage());
  }
}

/** The admin of the fixture, with a confirmed address, at the page of the team. */
async function atTheTeam(app: App, page: Page, mailbox: Mailbox, client: Person): Promise<void> {
  await app.open(await mailbox.link(client.email, /^Confirm your email address$/));
  await page.getByRole('button', { name: 'Confirm email address' }).click();
  await expect(page.getByText('Your email is confirmed.')).toBeVisible();
  await app.open('/team');
}

async function invite(page: Page, email: string, role: string): Promise<void> {
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Role', { exact: true }).selectOption({ label: role });
  await page.getByRole('button', { name: 'Send invitation' }).click();
  await expect(page.getByText(`Invitation sent to ${email}`)).toBeVisible();
  await expect(page.getByRole('list', { name: 'Invitations' }).getByText(email)).toBeVisible();
}

test('somebody without an account is invited, joins, and is shown what their role can do', async ({ app, browser, client, identity, mailbox, noBarriers, page }) => {
  await app.open('/team');
  await expect(page.getByText('Confirm your email to invite others')).toBeVisible();
  await atTheTeam(app, page, mailbox, client);
  await expect(page.getByText('Nobody is invited')).toBeVisible();
  await noBarriers('a team of one');
  await page.getByLabel('Email').fill('nobody');
  await page.getByRole('button', { name: 'Send invitation' }).click();
  await expect(page.getByText('Please enter a valid email address')).toBeVisible();

  const orla = identity.somebody('client');
  await invite(page, orla.email, 'Editor');
  await noBarriers('a team with an invitation');

  const other = await Other.open(browser);
  const link = await mailbox.link(orla.email, /invites you to/);
  await other.app.open(link);
  await expect(other.page.getByText('invites you to work in')).toBeVisible();
  await other.page.getByRole('button', { name: /^Create account and join/ }).click();
  await expect(other.page.getByText('Full name is required')).toBeVisible();
  await other.page.getByLabel('Full name').fill('Sorcha Ní Bhriain');
  await other.identity.password.fill(orla.password);
  await other.page.getByRole('button', { name: /^Create account and join/ }).click();
  await expect(other.page).toHaveURL(/\/dashboard\/client$/);

  // The admin's open page has heard of it.
  const row = page.getByRole('row', { name: /Sorcha Ní Bhriain/ });
  await expect(row).toBeVisible();
  await expect(page.getByText('Nobody is invited')).toBeVisible();

  // An editor sees the team and none of its controls.
  await other.app.open('/team');
  await expect(other.page.getByRole('row', { name: /Orla Keane/ })).toBeVisible();
  await expect(other.page.getByRole('button', { name: 'Send invitation' })).toHaveCount(0);
  await expect(other.page.getByRole('combobox')).toHaveCount(0);
  await expect(other.page.getByRole('heading', { name: 'Invitations' })).toHaveCount(0);

  // The link is used up.
  await other.context.clearCookies();
  await other.app.open(link);
  await expect(other.page.getByText('This invitation has already been accepted. Sign in to continue')).toBeVisible();
  await other.context.close();

  await row.getByRole('combobox').selectOption({ label: 'Viewer' });
  await expect(page.getByText('Sorcha Ní Bhriain is now viewer')).toBeVisible();
});

test('a member who is removed in the middle of work loses the workspace at once', async ({ app, browser, client, identity, mailbox, page }) => {
  await atTheTeam(app, page, mailbox, client);
  const orla = { ...identity.somebody('client'), name: 'Sorcha Ní Bhriain' };
  await invite(page, orla.email, 'Editor');
  const other = await Other.open(browser);
  await other.app.open(await mailbox.link(orla.email, /invites you to/));
  await other.page.getByLabel('Full name').fill(orla.name);
  await other.identity.password.fill(orla.password);
  await other.page.getByRole('button', { name: /^Create account and join/ }).click();
  await expect(other.page).toHaveURL(/\/dashboard\/client$/);
  await other.app.open('/compose');
  await other.page.getByRole('textbox').first().fill('In the middle of a sentence');
  const cookies = await other.context.cookies();

  const row = page.getByRole('row', { name: new RegExp(orla.name) });
  await row.getByRole('button', { name: /^Actions for/ }).click();
  await page.getByRole('menuitem', { name: 'Remove' }).click();
  await page.getByRole('button', { name: 'Remove access' }).click();
  await expect(page.getByText(`${orla.name} was removed`)).toBeVisible();
  await expect(row).toHaveCount(0);

  // Their page is left by itself, and the cookie opens nothing.
  await expect(other.page).toHaveURL(/\/login\?next=/);
  await other.context.addCookies(cookies);
  const answer = await other.context.request.get('/api/auth/me');
  expect(answer.status()).toBe(401);
  await other.app.open('/login');
  await other.identity.fillLogin(orla.email, orla.password);
  await other.identity.signIn();
  await expect(other.page.getByText('You do not belong to a workspace any more.')).toBeVisible();
  await other.context.close();
});

test('the last admin stays, and an invitation can be declined and withdrawn', async ({ app, browser, client, identity, mailbox, page }) => {
  await atTheTeam(app, page, mailbox, client);
  const own = page.getByRole('row', { name: new RegExp(client.name) });
  await own.getByRole('combobox').selectOption({ label: 'Editor' });
  await expect(page.getByText('A workspace needs an admin. Make somebody else an admin first.')).toBeVisible();
  await expect(own.getByRole('combobox')).toHaveValue('admin');

  const orla = identity.somebody('client');
  await invite(page, orla.email, 'Member');
  const other = await Other.open(browser);
  const link = await mailbox.link(orla.email, /invites you to/);
  await other.app.open(link);
  await other.page.getByRole('button', { name: 'Decline' }).click();
  await expect(other.page.getByText('This invitation was declined.')).toBeVisible();
  await other.context.close();

  await app.open('/team');
  await invite(page, orla.email, 'Member');
  await page.getByRole('button', { name: `Withdraw the invitation to ${orla.email}` }).click();
  await expect(page.getByText('Nobody is invited')).toBeVisible();
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('an invitation is accepted by a plain form', async ({ identity, mailbox, page, request, baseURL }) => {
    const headers = { origin: baseURL ?? '' };
    const admin = identity.somebody('agency');
    const registered = await request.post('/api/auth/register', {
      headers,
      data: { email: admin.email, password: admin.password, role: 'agency', full_name: admin.name, agency_name: admin.agency },
    });
    expect(registered.status()).toBe(201);
    const confirm = await mailbox.link(admin.email, /^Confirm your email address$/);
    const token = new URL(confirm, baseURL).searchParams.get('token');
    expect((await request.post('/api/auth/confirm-email', { headers, data: { token } })).status()).toBe(200);
    const orla = identity.somebody('client');
    const invited = await request.post('/api/workspaces/current/invitations', { headers, data: { email: orla.email, role: 'editor' } });
    expect(invited.status()).toBe(201);

    await page.goto(await mailbox.link(orla.email, /invites you to/));
    await page.getByRole('button', { name: /^Create account and join/ }).click();
    await expect(page.getByText('Full name is required')).toBeVisible();
    await page.getByLabel('Full name').fill(orla.name);
    await identity.password.fill(orla.password);
    await page.getByRole('button', { name: /^Create account and join/ }).click();
    await expect(page).toHaveURL(/\/dashboard\/agency$/);
  });
});
