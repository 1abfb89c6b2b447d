import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchBrowser, openPage } from './browser.ts';
import { startConsole } from './console.ts';

const taskCount = 10_000;
const batch = 1_000;
/** What the browser itself calls long: a person notices that the page stood still. */
const longMs = 50;

let browser: Browser;
let stack: Awaited<ReturnType<typeof startConsole>>;

beforeAll(async () => {
  browser = await launchBrowser();
  // Nobody executes them: what is measured is the page alone.
  stack = await startConsole({ executors: 0 });
  for (let started = 0; started < taskCount; started += batch)
    await stack.tasks.search.reindex.startMany(
      Array.from({ length: batch }, (_, shard) => ({ input: { shard } })),
    );
});
afterAll(async () => {
  await browser?.close();
  await stack?.[Symbol.asyncDispose]();
});

/** Runs in the page: scrolls to the very end as a person with a wheel does, a step each frame. */
const scrollThrough = (total: number) => {
  type Entry = { readonly duration: number };
  type Scroller = { scrollTop: number; readonly scrollHeight: number; readonly clientHeight: number };
  const view = globalThis as unknown as {
    document: { querySelector(selector: string): Scroller & { textContent: string } };
    requestAnimationFrame(callback: () => void): void;
    PerformanceObserver: new (
      take: (list: { getEntries(): Entry[] }) => void,
    ) => { observe(what: { type: string }): void; disconnect(): void };
  };
  const stepPx = 300;
  const long: number[] = [];
  const observer = new view.PerformanceObserver(list => {
    for (const { duration } of list.getEntries()) long.push(Math.round(duration));
  });
  observer.observe({ type: 'longtask' });
  const grid = view.document.querySelector('.grid');
  return new Promise<{ long: number[]; frames: number }>(resolve => {
    let frames = 0;
    const step = () => {
      frames += 1;
      grid.scrollTop += stepPx;
      const shown = view.document.querySelector('.page-head .grow').textContent;
      const atEnd = grid.scrollTop + grid.clientHeight >= grid.scrollHeight - 1;
      if (atEnd && shown === total.toLocaleString('en')) {
        observer.disconnect();
        resolve({ long, frames });
      } else view.requestAnimationFrame(step);
    };
    view.requestAnimationFrame(step);
  });
};

type TraceEvent = {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds that it lasted, and that its thread computed meanwhile. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
};

/** How long the page's thread computed in each of its tasks, in milliseconds, longest first. */
function taskTimes(trace: Buffer): number[] {
  const { traceEvents } = JSON.parse(trace.toString('utf8')) as { traceEvents: TraceEvent[] };
  const threads = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  return traceEvents
    .filter(
      ({ ph, name, pid, tid }) => ph === 'X' && name.endsWith('RunTask') && threads.has(`${pid} ${tid}`),
    )
    .map(({ tdur = 0 }) => tdur / 1_000)
    .sort((one, other) => other - one);
}

it(`${taskCount} tasks scroll from the first to the last without a task over ${longMs} ms`, async () => {
  const page = await openPage(browser);
  await page.goto(`${stack.gateways[0]?.url}/tasks`);
  await page.locator('.grid-body .row').nth(10).waitFor();
  await browser.startTracing(page, { categories: ['toplevel', '__metadata'] });
  const { long, frames } = await page.evaluate(scrollThrough, taskCount);
  const times = taskTimes(await browser.stopTracing());
  console.log(
    `${frames} frames; longest tasks: ${times.slice(0, 3).map(Math.round).join(', ')} ms; long by the clock: ${long.join(', ') || 'none'}`,
  );
  expect(await page.locator('.grid-body .row').last().getAttribute('aria-rowindex')).toBe(
    String(taskCount + 1),
  );
  // So few elements, however long the list.
  expect(await page.locator('.grid-body .row').count()).toBeLessThan(60);
  expect(times.length).toBeGreaterThan(frames);
  // By the clock a task is also long when another process had the processor: then nothing that the page computes is
  // to blame. On a machine with nothing else to do both are the same.
  expect(times.filter(ms => ms > longMs)).toEqual([]);
});
