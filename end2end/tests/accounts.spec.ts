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

test('an account belongs to one workspace at a time', async ({ accounts, app, browser, client, page, sandbox, baseURL }) => {
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
  await app.alive();
  await expect(accounts.switch(profile)).toBeChecked();
});

test('the connection log tells what happened to an account, from its first consent to its end', async ({
  accounts,
  app,
  client,
  consent,
  noBarriers,
  page,
  sandbox,
}) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  const profile = await sandbox.account('twitter', 'Fenit Sails');
  await accounts.connect(profile);
  await accounts.open();
  await accounts.show(profile);
  const address = new URL(page.url()).pathname;
  await expect(accounts.log).toHaveText([/^Authorised/]);

  // What happens now shows by itself.
  const refresh = page.getByRole('button', { name: 'Refresh now' });
  await refresh.click();
  await expect(accounts.log).toHaveText([/^Access renewed/, /^Authorised/], { timeout: 20_000 });

  await sandbox.revoke(profile);
  await refresh.click();
  await expect(accounts.log.first()).toContainText('Revoked at the platform', { timeout: 20_000 });
  await expect(accounts.log.first()).toContainText('Please reconnect the account.');
  await expect(page.getByText('This connection needs updating.')).toBeVisible();
  await expect(refresh).toHaveCount(0);
  await noBarriers('an account whose access was revoked');

  // A refused consent is on the record too, with the reason.
  const reconnect = page.getByRole('link', { name: `Reconnect ${profile.name} to X` });
  await reconnect.click();
  await consent.cancel();
  await expect(page).toHaveURL(new RegExp(`${address}\\?oauth_error=refused`));
  await app.alive();
  await expect(page.getByText('X was not connected again.')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Try X again' })).toHaveAttribute('href', /account_id=/);
  await expect(accounts.log.first()).toContainText('Authorisation failed');
  await expect(accounts.log.nth(1)).toContainText('Authorisation started');

  await reconnect.click();
  await consent.choose(profile);
  await consent.authorise();
  await expect(page.getByText('X is connected.')).toBeVisible();
  await app.alive();
  await expect(accounts.log.first()).toContainText('Authorised');

  await page.getByRole('button', { name: 'Disconnect', exact: true }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Disconnect account' }).click();
  await expect(page).toHaveURL(/\/accounts$/);
  await app.open('/accounts?status=disconnected');
  await accounts.show(profile);
  await expect(page.getByText('This account is disconnected.')).toBeVisible();
  await expect(accounts.log.filter({ hasText: 'Disconnected' })).toContainText('was unlinked');
  const told = [/^Authorised/, /^Authorisation started/, /^Authorisation failed/, /^Authorisation started/];
  await expect(accounts.log.filter({ hasText: /Authoris/ })).toHaveText([...told, /^Authorised/]);
  await noBarriers('an account that was disconnected');
});

test('the connection log is narrowed in its address, and taken away as a file', async ({
  accounts,
  baseURL,
  browser,
  client,
  noBarriers,
  page,
  sandbox,
}) => {
  test.setTimeout(120_000);
  expect(client.kind).toBe('client');
  const profile = await sandbox.account('twitter', 'Ballycotton Lights');
  await accounts.connect(profile);
  await accounts.open();
  await accounts.show(profile);
  const address = new URL(page.url()).pathname;
  await page.getByRole('button', { name: 'Refresh now' }).click();
  await expect(accounts.log).toHaveText([/^Access renewed/, /^Authorised/], { timeout: 20_000 });
  expect(await accounts.exportLog()).toHaveLength(3);

  await accounts.narrowLog({ kinds: ['Access renewed', 'Access expired'] });
  await expect(page).toHaveURL(new RegExp(`${address}\\?event_type=token_refreshed&event_type=token_expired`));
  await expect(accounts.log).toHaveText([/^Access renewed/]);
  await noBarriers('a connection log, narrowed');
  const lines = await accounts.exportLog();
  expect(lines[0]).toBe('id,created_at,event_type,platform,account_id,status_code,message');
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain(',token_refreshed,twitter,');

  await accounts.narrowLog({ from: '2001-01-01', to: '2001-01-02' });
  await expect(page).toHaveURL(/from=2001-01-01&to=2001-01-02/);
  await expect(page.getByRole('heading', { name: 'Nothing happened under these filters' })).toBeVisible();
  expect(await accounts.exportLog()).toHaveLength(1);
  await noBarriers('a connection log, narrowed to nothing');
  await page.getByRole('link', { name: 'Clear filters' }).click();
  await expect(page).toHaveURL(new RegExp(`${address}$`));
  await expect(accounts.log).toHaveCount(2);

  // The form alone does it.
  const context = await browser.newContext({
    baseURL,
    javaScriptEnabled: false,
    storageState: await page.context().storageState(),
  });
  const plain = new Accounts(new App(await context.newPage()));
  await plain.app.page.goto(address);
  await plain.narrowLog({ kinds: ['Authorised'] });
  await expect(plain.app.page).toHaveURL(/event_type=authorization_success/);
  await expect(plain.log).toHaveText([/^Authorised/]);
  await context.close();
});

test('an account says which version of its platform’s API is spoken, and until when', async ({
  accounts,
  client,
  noBarriers,
  page,
  sandbox,
}) => {
  expect(client.kind).toBe('client');
  const shop = await sandbox.account('facebook', 'Schull Bakery');
  await accounts.connect(shop);
  await accounts.open();
  await page.getByRole('button', { name: 'Connect account' }).first().click();
  await page.getByRole('button', { name: /^API versions/ }).click();
  const versions = page.getByRole('group', { name: 'API versions' });
  await expect(versions).toContainText(/Facebook\s*v\d+\.0, until \d+ \w+ 20\d\d/);
  await noBarriers('the calendar of API versions');
  await page.keyboard.press('Escape');

  await accounts.show(shop);
  const version = page.locator('dt', { hasText: 'API version' }).locator('xpath=following-sibling::dd[1]');
  await expect(version).toHaveText(/^v\d+\.0, until \d+ \w+ 20\d\d/);
});
