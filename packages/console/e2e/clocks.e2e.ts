import { spawnExecutor } from '@longhaul/testkit';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { launchBrowser, openPage } from './browser.ts';
import { startConsole } from './console.ts';

let browser: Browser;
let stack: Awaited<ReturnType<typeof startConsole>>;

beforeAll(async () => {
  browser = await launchBrowser();
  stack = await startConsole({ executor: { id: 'right' } });
});
afterAll(async () => {
  await browser?.close();
  await stack?.[Symbol.asyncDispose]();
});

it.each([
  [-605_000, 'Clock 10 min 5 s behind the NATS server', 'slow'],
  [65_000, 'Clock 1 min 5 s ahead of the NATS server', 'fast'],
])('an executor whose clock is off by %i ms is shown so, and no other', async (clockAheadMs, says, id) => {
  await using _executor = await spawnExecutor({
    natsUrl: inject('natsUrl'),
    namespace: stack.namespace,
    clockAheadMs,
    id,
  });
  const page = await openPage(browser);
  await page.goto(`${stack.gateways[0]?.url}/`);
  const card = (name: string) => page.locator('.executors > li').filter({ hasText: name });
  // The offset is measured to some milliseconds, so the second may be the one before or after.
  const text = new RegExp(says.replace(/(\d+) s /, (_all, s) => `(${Number(s) - 1}|${s}) s `));
  await card(id).getByText(text).waitFor();
  expect(await card('right').getByText('Clock').count()).toBe(0);
  expect(page.wrongs).toEqual([]);
  await page.close();
});
