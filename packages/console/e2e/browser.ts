import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Where Chromium is: `CHROMIUM_BIN`, or found on the PATH. */
export function locateChromium(): string {
  const given = process.env.CHROMIUM_BIN;
  if (given !== undefined && existsSync(given)) return given;
  for (const name of names) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      // Not under this name.
    }
  }
  throw new Error(
    'These tests need Chromium, and there is none: `apt-get install chromium` on Debian, or name one by CHROMIUM_BIN.',
  );
}

export function launchBrowser(): Promise<Browser> {
  // Chromium's sandbox refuses to run for root, as in CI's container.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: locateChromium(), args });
}

/** A page that remembers what went wrong in it: errors of scripts, and whatever its own policy has refused. */
export type WatchedPage = Page & { readonly wrongs: string[] };

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<WatchedPage> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'UTC',
    permissions: ['clipboard-read', 'clipboard-write'],
    ...options,
  });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const wrongs: string[] = [];
  page.on('pageerror', error => wrongs.push(error.message));
  page.on('console', message => {
    // That a gateway which is being restarted refuses connections is what those tests are about.
    if (message.type() === 'error' && !/Failed to load resource|ERR_/.test(message.text()))
      wrongs.push(message.text());
  });
  return Object.assign(page, { wrongs });
}
