import { within } from '@longhaul/testing';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, openPage, type WatchedPage } from './browser.ts';
import { startConsole } from './console.ts';

let browser: Browser;
let stack: Awaited<ReturnType<typeof startConsole>>;
let page: WatchedPage;

beforeAll(async () => {
  browser = await launchBrowser();
  stack = await startConsole();
  page = await openPage(browser);
});
afterAll(async () => {
  await browser?.close();
  await stack?.[Symbol.asyncDispose]();
});
afterEach(() => {
  expect(page.wrongs.splice(0)).toEqual([]);
});

const url = (path: string) => `${stack.gateways.at(-1)?.url}${path}`;
const status = () => page.locator('.title-line .status');
const statusIs = (word: string) => page.locator('.title-line .status', { hasText: word }).waitFor();
const rows = () => page.locator('.grid-body .row');
const rowsAre = (count: number) => expect.poll(() => rows().count(), { timeout: 20_000 }).toBe(count);
const percentShown = async () => Number.parseInt((await page.locator('.percent').textContent()) ?? '', 10);

// They run in the page, whose types this program does not have.
const widthOf = (image: unknown) => (image as { naturalWidth: number }).naturalWidth;
const readClipboard = () =>
  (navigator as unknown as { clipboard: { readText(): Promise<string> } }).clipboard.readText();

describe('a task from its form to its end', () => {
  it('is found by search, started from the generated form, and moves before one’s eyes', async () => {
    await page.goto(url('/run'));
    await page.getByLabel('Search types of task').fill('report build');
    expect(await page.locator('.types li').count()).toBe(1);
    await page.getByRole('link', { name: /Build a report/ }).click();
    await page.getByLabel('Subject').fill('Quarterly figures');
    await page.getByLabel('Pages').fill('30');
    await page.getByLabel('Time a page').fill('120');
    await page.getByRole('button', { name: 'Add to readers' }).click();
    await page.getByLabel('Name').fill('Anna');
    await page.getByText('Priority, delay, idempotency key').click();
    await page.getByLabel('Priority').selectOption('high');
    await page.getByRole('button', { name: 'Start task' }).click();
    await page.waitForURL(/\/tasks\/[0-9a-f-]{36}$/);
    await statusIs('Running');
    const seen = new Set<number>();
    await within(
      'progress that moves',
      (async () => {
        while (seen.size < 4) {
          const shown = await percentShown();
          if (shown > 0 && shown < 100) seen.add(shown);
        }
      })(),
    );
    expect([...seen]).toEqual([...seen].sort((one, other) => one - other));
    await page.getByText(/about .* left/).waitFor();
    await statusIs('Completed');
    expect(await percentShown()).toBe(100);
    const record = await stack.tasks.$tasks.get(page.url().slice(-36));
    expect(record).toMatchObject({
      priority: 'high',
      input: { subject: 'Quarterly figures', pages: 30, readers: [{ name: 'Anna', copies: 1 }] },
    });
  });

  it('shows its output as text, table and image, its log, its history, and the code that would do the same', async () => {
    const output = page.getByRole('region', { name: 'Output', exact: true });
    await output.getByText('Nothing unusual was found').waitFor();
    expect(await output.locator('table tbody tr').count()).toBe(6);
    expect(await output.locator('img').evaluate(widthOf)).toBeGreaterThan(1);
    expect(await page.locator('.log > div').count()).toBe(30);
    expect(await page.locator('.timeline strong').allTextContents()).toEqual([
      'Accepted',
      'Started',
      'Completed',
    ]);
    await output.getByRole('tab', { name: 'JSON' }).click();
    await output.getByText('"Quarterly figures"', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Copy client code' }).click();
    const code = await page.evaluate(readClipboard);
    expect(code).toContain("tasks.reports.build.start({\n  subject: 'Quarterly figures',");
    await page.getByRole('tab', { name: 'curl' }).click();
    await page
      .getByText(`curl -i '${stack.gateways[0]?.url}/v1/tasks/reports.build?priority=high'`)
      .waitFor();
  });

  it('says at the field what is wrong: at once, and what only the gateway knows', async () => {
    await page.goto(url('/run/reports.build'));
    const subject = page.getByLabel('Subject');
    await subject.focus();
    await page.getByLabel('Pages').fill('0');
    await page.getByLabel('Time a page').focus();
    const field = (label: string) =>
      page.locator('.field', { has: page.getByLabel(label, { exact: false }) });
    await field('Subject').getByText('This is needed.').waitFor();
    await field('Pages').getByText('1 or more.').waitFor();
    expect(await subject.getAttribute('aria-invalid')).toBe('true');

    await subject.fill('Figures');
    await page.getByLabel('Pages').fill('3');
    await page.getByLabel('First page').fill('7');
    await page.getByLabel('Last page').fill('2');
    await page.getByRole('button', { name: 'Start task' }).click();
    await field('Last page').getByText('The last page comes after the first.').waitFor();
    expect(await page.locator('input:focus').inputValue()).toBe('2');
  });

  it('is canceled with a reason, after a question', async () => {
    const task = await stack.tasks.search.reindex.start({});
    await page.goto(url(`/tasks/${task.id}`));
    await statusIs('Running');
    await page.keyboard.press('c');
    await page.getByLabel('Reason').fill('no longer needed');
    await page.getByRole('button', { name: 'Cancel task' }).click();
    await statusIs('Canceled');
    await page.getByText('Reason of the cancel: no longer needed').waitFor();
    expect(await task.outcome()).toMatchObject({ status: 'CANCELED', reason: 'no longer needed' });
  });

  it('is paused at its handler’s next checkpoint, and resumed', async () => {
    const task = await stack.tasks.reports.build.start({ subject: 'With a rest', pages: 40, pageMs: 100 });
    await page.goto(url(`/tasks/${task.id}`));
    await statusIs('Running');
    await page.getByRole('button', { name: 'Pause' }).click();
    await statusIs('Paused');
    await page.getByText('Paused at a checkpoint').waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await statusIs('Running');
    await statusIs('Completed');
    expect(await page.locator('.timeline strong').allTextContents()).toEqual([
      'Accepted',
      'Started',
      'Pause requested',
      'Paused',
      'Resumed',
      'Completed',
    ]);
  });

  it('fails with its details, and is started again as a new task', async () => {
    const task = await stack.tasks.reports.mail.start({});
    await page.goto(url(`/tasks/${task.id}`));
    await statusIs('Failed');
    const error = page.getByRole('region', { name: 'Error' });
    await error.getByText('BOUNCED').waitFor();
    await error.getByText('somebody@example.org', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.waitForURL(address => !address.pathname.endsWith(task.id));
    await page.getByRole('link', { name: task.id.slice(-12) }).waitFor();
    await statusIs('Failed');
  });

  it('is started with changes, from its own input', async () => {
    await page.getByRole('link', { name: 'Run with changes' }).click();
    await page.waitForURL(/\/run\/reports\.mail\?from=/);
    expect(await page.getByRole('textbox', { name: /^To/ }).inputValue()).toBe('somebody@example.org');
  });
});

describe('the table of tasks', () => {
  it('is filtered by what the address says, stays so when loaded again, and is live', async () => {
    await page.goto(url('/tasks'));
    await rows().first().waitFor();
    await page.getByRole('button', { name: /^Status/ }).click();
    await page.getByRole('menuitemcheckbox', { name: 'Failed' }).click();
    await page.keyboard.press('Escape');
    await page.waitForURL(/status=failed/);
    const words = () => rows().locator('.status').allTextContents();
    await rows().nth(1).waitFor();
    await rowsAre(2);
    expect(await words()).toEqual(['Failed', 'Failed']);
    await page.reload();
    await rows().nth(1).waitFor();
    expect(await words()).toEqual(['Failed', 'Failed']);
    await stack.tasks.reports.mail.start({ to: 'other@example.org' });
    await rowsAre(3);

    await page.getByLabel('Search tasks').fill('bounced');
    await page.waitForURL(/text=bounced/);
    await rows().nth(2).waitFor();
    await page.getByLabel('Search tasks').fill('nobody knows this');
    await page.getByText('No task fits').waitFor();
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    await page.waitForURL(address => address.search === '');
    await rows().nth(4).waitFor();
  });

  it('shows a task before it has begun, and each change of it', async () => {
    const task = await stack.tasks.reports.build.start(
      { subject: 'Later', pages: 1, pageMs: 0 },
      { delayMs: 3_000 },
    );
    const row = page.locator(`[data-id="${task.id}"]`);
    await row.getByText('Scheduled').waitFor();
    await row.getByText('Completed').waitFor();
  });

  it('is walked and opened by keyboard', async () => {
    await page.goto(url('/'));
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    await rows().nth(2).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('x');
    await page.getByText('1 selected').waitFor();
    const second = await rows().nth(1).getAttribute('data-id');
    expect(await rows().nth(1).getAttribute('aria-selected')).toBe('true');
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(`/tasks/${second}$`));
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('r');
    await page.getByLabel('Search types of task').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('align');
    await expect.poll(() => page.locator('.types li').count()).toBe(2);
  });

  it('cancels and retries many at once, after a question', async () => {
    const started = await stack.tasks.search.reindex.startMany(
      [0, 1, 2].map(shard => ({ input: { shard } })),
    );
    const ids = started.flatMap(result => (result.ok ? [result.task.id] : []));
    await page.goto(url('/tasks?name=search.reindex&status=running'));
    await rows().nth(2).waitFor();
    await page.getByLabel('Select all that are loaded').check();
    await page
      .getByRole('region', { name: 'Selected tasks' })
      .getByRole('button', { name: 'Cancel' })
      .click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel 3 tasks' }).click();
    await page.getByText('No task fits').waitFor();
    await page.goto(url('/tasks?name=search.reindex&status=canceled'));
    for (const id of ids) await page.locator(`[data-id="${id}"] input`).check();
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByRole('button', { name: 'Retry 3 tasks' }).click();
    await page.locator('.toast', { hasText: '3 tasks started again.' }).waitFor();
    await page.goto(url('/tasks?name=search.reindex&status=running'));
    await rows().nth(2).waitFor();
    await page.getByRole('button', { name: 'Cancel all that fit…' }).click();
    await page.getByRole('button', { name: 'Cancel them all' }).click();
    await page.getByText('No task fits').waitFor();
  });
});

describe('a gateway that restarts', () => {
  it('takes nothing from a page that is open: it says so, continues, and has every event once', async () => {
    const pages = 60;
    const task = await stack.tasks.reports.build.start({ subject: 'Through a restart', pages, pageMs: 120 });
    await page.goto(url(`/tasks/${task.id}`));
    await page.locator('.log > div').nth(5).waitFor();
    const before = stack.gateways.at(-1);
    await before?.stop();
    await page.getByText('Disconnected, trying again').waitFor();
    await stack.addGateway({ port: before?.port ?? 0 });
    await page.getByText('Disconnected, trying again').waitFor({ state: 'detached' });
    await statusIs('Completed');
    await page
      .locator('.log > div')
      .nth(pages - 1)
      .waitFor();
    const lines = await page.locator('.log > div span').allTextContents();
    expect(lines.map(line => line.match(/page (\d+) drawn/)?.[1])).toEqual(
      Array.from({ length: pages }, (_, index) => String(index + 1)),
    );
    expect(await status().textContent()).toBe('Completed');
  });
});
