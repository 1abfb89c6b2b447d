import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import axe, { type AxeResults } from 'axe-core';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, openPage, type WatchedPage } from './browser.ts';
import { startConsole } from './console.ts';

/** `LONGHAUL_SCREENSHOTS=docs/images pnpm test:console` renews the pictures of the documentation. */
const pictures = process.env.LONGHAUL_SCREENSHOTS;
const themes = ['light', 'dark'] as const;
const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const;
/** What the documentation shows. */
const shown = new Set([
  ...['overview', 'tasks', 'task', 'task-completed', 'run'].flatMap(name => [
    `${name}-desktop-light`,
    `${name}-phone-light`,
  ]),
  ...['overview', 'tasks', 'task'].map(name => `${name}-desktop-dark`),
  'task-failed-desktop-light',
  'run-phone-dark',
  'schedule-new-desktop-light',
]);
/** Of each picture, so that a clone stays small. */
const pictureLimitBytes = 150_000;

let browser: Browser;
let stack: Awaited<ReturnType<typeof startConsole>>;
let ended: string;
let failed: string;
let running: string;

beforeAll(async () => {
  browser = await launchBrowser();
  stack = await startConsole({ executor: { concurrency: 6, id: 'press-room-1' } });
  await stack.addExecutor({ id: 'press-room-2', concurrency: 4 });
  const { reports, search } = stack.tasks;
  const { $schedules } = stack.tasks;
  const subjects = [
    'Quarterly figures',
    'Harbour traffic',
    'Field trials',
    'Spring survey',
    'Night shifts',
    'Returns',
  ];
  const done = await reports.build.startMany(
    subjects.flatMap((subject, index) => [
      { input: { subject, pages: 8 + index, pageMs: 40 + 30 * index } },
      { input: { subject: `${subject}, in short`, pages: 2, pageMs: 30 } },
    ]),
  );
  for (const result of done) if (result.ok) await result.task.outcome();
  ended = done[0]?.ok ? done[0].task.id : '';
  const bounced = await reports.mail.start({});
  await bounced.outcome();
  failed = bounced.id;
  await (await reports.mail.start({ to: 'archive@example.org' })).outcome();
  const stopped = await search.reindex.start({ shard: 7 });
  await stopped.cancel('the disk is to be changed first');
  await stopped.outcome();
  await search.reindex.start({ shard: 1 });
  await search.reindex.start({ shard: 2 });
  running = (await reports.build.start({ subject: 'Yearly figures', pages: 200, pageMs: 900, from: 1 })).id;
  await reports.build.start({ subject: 'Fleet', pages: 60, pageMs: 700, readers: [{ name: 'Anna' }] });
  await reports.build.start({ subject: 'Tomorrow’s briefing', pages: 4 }, { delayMs: 40_000_000 });
  await $schedules.create({
    id: 'nightly-index',
    name: 'search.reindex',
    input: { shard: 0 },
    cron: '30 2 * * *',
    timeZone: 'Europe/Berlin',
  });
  await $schedules.create({
    id: 'hourly-figures',
    name: 'reports.build',
    input: { subject: 'Hourly' },
    every: '1h',
  });
  await $schedules.pause('hourly-figures');
});
afterAll(async () => {
  await browser?.close();
  await stack?.[Symbol.asyncDispose]();
});

const url = (path: string) => `${stack.gateways[0]?.url}${path}`;

type Place = { readonly name: string; readonly open: (page: WatchedPage) => Promise<void> };
const places: readonly Place[] = [
  {
    name: 'overview',
    open: async page => {
      await page.goto(url('/'));
      await page.getByText('press-room-2').waitFor();
      await page.getByText('nightly-index').waitFor();
      await page.getByLabel('Time of figures and charts').selectOption('Last 5 minutes');
      await page.locator('.plot[data-points="60"] canvas').nth(2).waitFor();
      // What runs was running before anybody looked.
      await page
        .getByRole('region', { name: 'Load' })
        .getByText(/^In work[1-9]/)
        .waitFor();
    },
  },
  {
    name: 'tasks',
    open: async page => {
      await page.goto(url('/tasks'));
      await page.locator('.grid-body .row').nth(8).waitFor();
      await page.locator('.grid-body .row input').nth(1).check();
    },
  },
  {
    name: 'tasks-empty',
    open: async page => {
      await page.goto(url('/tasks?text=nothing-of-this-kind'));
      await page.getByText('No task fits').waitFor();
    },
  },
  {
    name: 'task',
    open: async page => {
      await page.goto(url(`/tasks/${running}`));
      await page.getByText(/about .* left/).waitFor();
    },
  },
  {
    name: 'task-completed',
    open: async page => {
      await page.goto(url(`/tasks/${ended}`));
      await page.locator('.timeline strong', { hasText: 'Completed' }).waitFor();
      await page.getByRole('region', { name: 'Output', exact: true }).locator('img').waitFor();
    },
  },
  {
    name: 'task-failed',
    open: async page => {
      await page.goto(url(`/tasks/${failed}`));
      await page.locator('.timeline strong', { hasText: 'Failed' }).waitFor();
    },
  },
  {
    name: 'task-unknown',
    open: async page => {
      await page.goto(url('/tasks/01a1fd49-a6e6-75db-8a3e-999453c1b945'));
      await page.getByText('There is no such task').first().waitFor();
    },
  },
  {
    name: 'run',
    open: async page => {
      await page.goto(url('/run/reports.build'));
      await page.getByLabel('Subject').focus();
      await page.getByLabel(/^Time a page/).focus();
      await page.locator('.fault', { hasText: 'This is needed.' }).waitFor();
      await page.getByRole('button', { name: 'Add to readers' }).click();
    },
  },
  {
    name: 'run-union',
    open: async page => {
      await page.goto(url('/run/document.analyze'));
      await page.getByLabel('Web address').check();
    },
  },
  {
    name: 'run-list',
    open: async page => {
      await page.goto(url('/run'));
      await page.locator('.types li').first().waitFor();
    },
  },
  {
    name: 'schedule-new',
    open: async page => {
      await page.goto(url('/'));
      await page.getByRole('button', { name: 'New schedule' }).click();
      await page.getByLabel('Type of task').selectOption('search.reindex');
      await page.getByLabel('Shard').waitFor();
    },
  },
  {
    name: 'help',
    open: async page => {
      await page.goto(url('/'));
      await page.getByRole('heading', { name: 'Task types' }).waitFor();
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    },
  },
];

describe.each(themes)('in the %s theme', theme => {
  it.each(places)(
    '$name: no violation of accessibility, nothing wider than the page',
    async ({ name, open }) => {
      for (const [size, viewport] of Object.entries(sizes)) {
        const page = await openPage(browser, { viewport, colorScheme: theme, deviceScaleFactor: 1 });
        await open(page);
        await page.evaluate(axe.source);
        const { violations } = (await page.evaluate('axe.run()')) as AxeResults;
        expect(
          violations.map(
            ({ id, help, nodes }) => `${size}, ${id} (${help}): ${nodes.map(({ html }) => html).join('\n')}`,
          ),
        ).toEqual([]);
        expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
          viewport.width,
        );
        const picture = await takePicture(page);
        expect(picture.length).toBeLessThan(pictureLimitBytes);
        if (pictures !== undefined && shown.has(`${name}-${size}-${theme}`)) {
          const folder = join(import.meta.dirname, '../../..', pictures);
          await mkdir(folder, { recursive: true });
          await writeFile(join(folder, `console-${name}-${size}-${theme}.webp`), picture);
        }
        expect(page.wrongs).toEqual([]);
        await page.context().close();
      }
    },
  );
});

async function takePicture(page: WatchedPage): Promise<Buffer> {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 88 });
  return Buffer.from(data, 'base64');
}

describe('the weight of the first view', () => {
  it.each(['/', '/tasks', '/run/reports.build'])('of %s is below 250 kB', async path => {
    const page = await openPage(browser);
    const session = await page.context().newCDPSession(page);
    await session.send('Network.enable');
    let bytes = 0;
    session.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    await page.goto(url(path));
    await page.locator('h1').waitFor();
    await page.locator('.plot canvas, .grid-body .row, .form').first().waitFor();
    console.log(`first view of ${path}: ${Math.round(bytes / 1_000)} kB`);
    expect(bytes).toBeGreaterThan(50_000);
    expect(bytes).toBeLessThan(250_000);
    await page.context().close();
  });
});

describe('what the gateway serves of the console', () => {
  it('keeps assets for ever and pages never, allows no foreign code, and falls back for pages alone', async () => {
    const index = await fetch(url('/tasks/some-id'));
    expect(index.status).toBe(200);
    expect(index.headers.get('cache-control')).toBe('no-cache');
    const policy = index.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toMatch(/unsafe|https?:/);
    const script = (await index.text()).match(/src="(\/assets\/[^"]+\.js)"/)?.[1] ?? '';
    const asset = await fetch(url(script), { headers: { 'accept-encoding': 'br' } });
    expect(asset.headers.get('cache-control')).toContain('immutable');
    expect(asset.headers.get('content-encoding')).toBe('br');
    for (const path of [
      '/nothing',
      '/assets/gone.js',
      '/run/a/b',
      '/trpc/nothing',
      '/v1/nothing',
      '/docs/nothing',
    ]) {
      const answer = await fetch(url(path));
      expect(answer.status, path).toBe(404);
      expect(answer.headers.get('content-type'), path).not.toContain('html');
    }
    expect((await fetch(url('/trpc/tasks.list?input=%7B%7D'))).headers.get('content-security-policy')).toBe(
      "default-src 'none'; frame-ancestors 'none'",
    );
  });
});
