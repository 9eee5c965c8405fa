import { defineConfig } from '@playwright/test';

// As root, Chromium has no sandbox of its own to use; the rest keeps it from calling home.
const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
const quiet = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export default defineConfig({
  testDir: './tests',
  outputDir: './test-results',
  globalSetup: './support/program.ts',
  // Each test registers people and makes simulated accounts of its own, so tests do not meet.
  fullyParallel: true,
  // One more than cores where there are two: a test waits for as long as it works.
  workers: 3,
  retries: 0,
  forbidOnly: !!process.env.CI,
  timeout: 120_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    // CHROMIUM_PATH is set by scripts/e2e to the system's browser; without it Playwright's own is used, if installed.
    launchOptions: { executablePath: process.env.CHROMIUM_PATH || undefined, args: [...asRoot, ...quiet] },
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    timezoneId: 'Europe/Dublin',
    // Without a film of every frame, which keeps a whole core busy; what the page held is in it.
    trace: { mode: 'retain-on-failure', screenshots: false },
    screenshot: 'only-on-failure',
  },
});
