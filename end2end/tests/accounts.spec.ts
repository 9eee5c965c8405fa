import { Accounts } from '../pages/accounts';
import { Consent } from '../pages/consent';
import { Identity } from '../pages/identity';
import { App, expect, test } from '../support/fixtures';

test('an account is connected, switched off and on, found, and disconnected', async ({
  accounts,
  app,
  client,
  noBarriers,
  page,
  sandbox,
}) => {
  expect(client.kind).toBe('client');
  await accounts.open();
  await noBarriers('accounts, none yet');

  const shop = await sandbox.account('facebook', 'Alder Bakery');
  await accounts.connect(shop);
  await expect(accounts.switch(shop)).toBeChecked();
  await noBarriers('accounts, one');

  await accounts.setActive(shop, false);
  await page.reload();
  await app.alive();
  await expect(accounts.switch(shop)).not.toBeChecked();
  await accounts.setActive(shop, true);

  // Filters live in the address, so that a filtered list can be shared.
  await app.open('/accounts?platform=twitter');
  await expect(page.getByText('No account fits these filters')).toBeVisible();
  await app.open('/accounts?q=alder');
  await expect(accounts.switch(shop)).toBeVisible();

  await accounts.disconnect(shop);
  await expect(accounts.switch(shop)).toHaveCount(0);
});

test('a refused consent changes nothing and says so', async ({ accounts, client, consent, page }) => {
  expect(client.kind).toBe('client');
  await accounts.open();
  await accounts.begin('linkedin');
  await consent.cancel();
  await expect(page).toHaveURL(/\/accounts\?/);
  await expect(page.getByText('LinkedIn was not connected.')).toBeVisible();
  await expect(page.getByRole('switch')).toHaveCount(0);
});

test('what a consent leaves out is named with what it costs', async ({
  accounts,
  client,
  consent,
  noBarriers,
  page,
  sandbox,
}) => {
  expect(client.kind).toBe('client');
  const shop = await sandbox.account('facebook', `Rowan Cheese ${client.email.slice(5, 9)}`);
  await accounts.open();
  await accounts.begin('facebook');
  await consent.choose(shop);
  await consent.untick('read_insights');
  await consent.authorise();
  await expect(page.getByText('Facebook is connected.')).toBeVisible();
  await expect(accounts.withheld).toContainText('read_insights');
  await expect(accounts.withheld).toContainText(shop.name);
  await expect(accounts.switch(shop)).toBeChecked();
  await noBarriers('accounts, with what was left out');

  await page.getByRole('button', { name: 'Dismiss' }).click();
  await expect(accounts.withheld).toHaveCount(0);
  await expect(accounts.switch(shop)).toBeVisible();
});

test('an answer from the platform counts once', async ({ accounts, app, client, consent, page, sandbox }) => {
  expect(client.kind).toBe('client');
  const profile = await sandbox.account('twitter', 'Copper Records');
  let callback = '';
  page.on('request', request => {
    if (/\/api\/oauth\/twitter\/callback/.test(request.url())) callback = request.url();
  });
  await accounts.open();
  await accounts.begin('twitter');
  await consent.choose(profile);
  await consent.authorise();
  await expect(page.getByText('X is connected.')).toBeVisible();
  expect(callback).not.toBe('');

  await page.goto(callback);
  await app.alive();
  await expect(page.getByText('X was not connected.')).toBeVisible();
  await accounts.open();
  await expect(page.getByRole('switch')).toHaveCount(1);
});

test('an account belongs to one workspace at a time', async ({ accounts, browser, client, page, sandbox, baseURL }) => {
  expect(client.kind).toBe('client');
  const profile = await sandbox.account('twitter', 'Dunmore Books');
  await accounts.connect(profile);

  const context = await browser.newContext({ baseURL });
  const other = new App(await context.newPage());
  const identity = new Identity(other);
  await identity.register(identity.somebody('agency'));
  const theirs = new Accounts(other);
  await theirs.open();
  await theirs.begin('twitter');
  const theirConsent = new Consent(other.page);
  await theirConsent.choose(profile);
  await theirConsent.authorise();
  await expect(other.page.getByText('X was not connected.')).toBeVisible();
  await expect(other.page.getByRole('switch')).toHaveCount(0);
  await context.close();

  // And for its own workspace nothing has changed.
  await page.reload();
  await expect(accounts.switch(profile)).toBeChecked();
});
