/** The audit log: what was done is there, can be narrowed, opened, checked and taken away as a file. */
import { readFile } from 'node:fs/promises';
import { expect, test } from '../support/fixtures';

test('what was done is on the record, with who, what and from where', async ({ accounts, audit, client, noBarriers, page, sandbox }) => {
  const shop = await sandbox.account('facebook', 'Northwind Coffee');
  await accounts.connect(shop);
  await audit.open();
  const connected = audit.events('account.connected');
  await expect(connected).toHaveCount(1);
  await expect(connected.locator('summary')).toContainText(`${client.name} connected an account`);
  await expect(connected.locator('summary')).toContainText('Northwind Coffee');
  await expect(audit.events('workspace.created')).toHaveCount(1);
  await expect(audit.events('session.opened')).toHaveCount(1);
  await noBarriers('the audit log');

  // By keyboard alone: a row opens to all there is to know of it.
  await connected.locator('summary').focus();
  await page.keyboard.press('Enter');
  await expect(connected.getByText(client.email)).toBeVisible();
  await expect(connected.getByText('127.0.0.1')).toBeVisible();
  await expect(connected.getByRole('cell', { name: 'Platform' })).toBeVisible();
  await noBarriers('an event laid open');

  await connected.getByRole('link', { name: 'All of its events' }).click();
  await expect(page).toHaveURL(/subject=/);
  await expect(audit.events('workspace.created')).toHaveCount(0);
  await expect(audit.events('account.connected')).toHaveCount(1);
});

test('filters live in the address, and nothing found says so', async ({ audit, client, page }) => {
  expect(client.kind).toBe('client');
  await audit.open();
  await audit.narrow({ kind: 'Signing in and out' });
  await expect(page).toHaveURL(/action=session/);
  await expect(audit.events()).toHaveCount(1);
  await audit.narrow({ from: '2001-01-01', to: '2001-01-02' });
  await expect(page).toHaveURL(/from=2001-01-01&to=2001-01-02/);
  await expect(page.getByRole('heading', { name: 'Nothing happened under these filters' })).toBeVisible();
  await page.getByRole('link', { name: 'Clear filters' }).first().click();
  await expect(page).toHaveURL(/\/settings\/audit$/);
  await expect(audit.events().first()).toBeVisible();
});

test('the chain can be checked, and the log taken away as a file', async ({ audit, client, page }) => {
  expect(client.kind).toBe('client');
  await audit.open('?action=workspace');
  await page.getByRole('button', { name: 'Check the log' }).click();
  await expect(page.getByText('The log is whole')).toBeVisible();
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export CSV' }).click();
  const file = await readFile((await (await download).path()) ?? '', 'utf8');
  const lines = file.trim().split('\r\n');
  expect(lines[0]).toMatch(/^seq,at,action,/);
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain('workspace.created');
});

test('the menu leads there, and every width holds it', async ({ audit, client, page }) => {
  expect(client.kind).toBe('client');
  await page.getByRole('button', { name: /account menu/i }).click();
  await page.getByRole('menuitem', { name: 'Audit log' }).click();
  await expect(page).toHaveURL(/\/settings\/audit$/);
  await audit.events().first().locator('summary').click();
  for (const width of [360, 768, 1024, 1920]) {
    await page.setViewportSize({ width, height: 800 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(over, `${width} px`).toBeLessThanOrEqual(0);
  }
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the log can be read, narrowed and opened', async ({ identity, page }) => {
    const person = identity.somebody('client');
    await page.goto('/register');
    await identity.fillRegistration(person);
    await page.getByRole('button', { name: 'Create Account' }).click();
    await page.goto('/settings/audit');
    await page.getByLabel('What', { exact: true }).selectOption({ label: 'Workspaces' });
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await expect(page).toHaveURL(/action=workspace/);
    const created = page.locator('[data-action="workspace.created"]');
    await created.locator('summary').click();
    await expect(created.getByText(person.email)).toBeVisible();
  });
});
