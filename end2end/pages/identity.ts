import { randomUUID } from 'node:crypto';
import { expect } from '@playwright/test';
import type { App } from '../support/fixtures';

export type Kind = 'client' | 'manager' | 'agency';
export type Person = { kind: Kind; name: string; email: string; password: string; agency?: string };

/** Registering, signing in, signing out. */
export class Identity {
  constructor(readonly app: App) {}

  private get page() {
    return this.app.page;
  }

  /** Somebody no other test knows. */
  somebody(kind: Kind): Person {
    const unique = randomUUID().slice(0, 8);
    return {
      kind,
      name: 'Orla Keane',
      email: `orla.${unique}@example.com`,
      password: `correct horse ${unique}`,
      agency: kind === 'agency' ? `Keane & Co ${unique}` : undefined,
    };
  }

  async register(person: Person): Promise<void> {
    await this.app.open('/register');
    await this.fillRegistration(person);
    await this.page.getByRole('button', { name: 'Create Account' }).click();
    await expect(this.page).toHaveURL(new RegExp(`/dashboard/${person.kind}$`));
    await this.app.alive();
  }

  async fillRegistration(person: Person): Promise<void> {
    const kinds = { client: 'Client', manager: 'Manager', agency: 'Agency' };
    await this.page.getByRole('radio', { name: new RegExp(`^${kinds[person.kind]}`) }).check();
    if (person.agency) await this.page.getByLabel('Agency name').fill(person.agency);
    await this.page.getByLabel('Full name').fill(person.name);
    await this.page.getByLabel('Email').fill(person.email);
    await this.password.fill(person.password);
  }

  get password() {
    return this.page.locator('input[name="password"]');
  }

  async fillLogin(email: string, password: string): Promise<void> {
    await this.page.getByLabel('Email').fill(email);
    await this.password.fill(password);
  }

  async login(person: Person): Promise<void> {
    await this.app.open('/login');
    await this.fillLogin(person.email, person.password);
    await this.signIn();
  }

  async signIn(): Promise<void> {
    await this.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  }

  async logout(): Promise<void> {
    await this.page.getByRole('button', { name: /account menu/i }).click();
    await this.page.getByRole('menuitem', { name: 'Log out' }).click();
    await expect(this.page).toHaveURL(/\/login$/);
  }
}
