import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchBrowser, openPage } from './browser.ts';
import { startConsole } from './console.ts';

let browser: Browser;
let valid = 'first-key';
let stack: Awaited<ReturnType<typeof startConsole>>;

beforeAll(async () => {
  browser = await launchBrowser();
  stack = await startConsole({
    gateway: {
      authenticate: ({ headers }) =>
        headers.authorization === `Bearer ${valid}` ? { owner: 'anna', role: 'user' } : undefined,
    },
  });
});
afterAll(async () => {
  await browser?.close();
  await stack?.[Symbol.asyncDispose]();
});

it('asks for a key, and for another when it has expired, without losing the page', async () => {
  const page = await openPage(browser);
  await page.goto(`${stack.gateways[0]?.url}/run/reports.build`);
  const dialog = page.getByRole('dialog', { name: 'Sign in' });
  await dialog.waitFor();
  await dialog.getByLabel('API key or token').fill('wrong');
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('dialog', { name: 'Sign in again' }).waitFor();
  await page.getByLabel('API key or token').fill(valid);
  await page.keyboard.press('Enter');
  await page.getByLabel('Subject').fill('Typed before it expired');

  valid = 'second-key';
  await page.getByRole('button', { name: 'Start task' }).click();
  await page.getByRole('dialog', { name: 'Sign in again' }).waitFor();
  await page.getByLabel('API key or token').fill(valid);
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await page.getByLabel('Subject').inputValue()).toBe('Typed before it expired');
  await page.getByRole('button', { name: 'Start task' }).click();
  await page.locator('.title-line .status', { hasText: 'Completed' }).waitFor();
  await page.getByRole('link', { name: 'anna' }).waitFor();
  // A new page of the same tab is signed in; signing out asks again.
  await page.reload();
  await page.locator('.title-line .status', { hasText: 'Completed' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await dialog.waitFor();
  expect(page.wrongs).toEqual([]);
});
