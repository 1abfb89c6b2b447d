import { setImmediate as nextTurn } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { OwnerStreams } from '../protection/ownerStreams.ts';
import { trackedStream } from './streams.ts';
import type { Context } from './trpc.ts';

const streamMaxMs = 900_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Yields nothing until it is told to end. */
async function* silence(signal: AbortSignal): AsyncGenerator<{ readonly id: string }, void, void> {
  await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
}

it('streams that were opened in the same moment do not end together, and all of them by their maximum age', async () => {
  const streams = new OwnerStreams(100);
  const context: Context = {
    caller: { owner: 'ada', role: 'user' },
    logger: pino({ level: 'silent' }),
    stop: new AbortController().signal,
    streams,
    link: { lost: new AbortController().signal },
    streamMaxMs,
    scope: { requestId: 'one', traceparent: undefined },
  };
  const reasons: unknown[] = [];
  for (let i = 0; i < 100; i += 1)
    trackedStream(context, undefined, silence, item => item)
      .next()
      .catch((error: unknown) => reasons.push(error));
  await nextTurn();
  expect(streams.open).toBe(100);
  vi.advanceTimersByTime(streamMaxMs / 2 - 1);
  await nextTurn();
  expect(streams.open).toBe(100);
  const perTenth: number[] = [];
  for (let tenth = 0; tenth < 10; tenth += 1) {
    const before = streams.open;
    vi.advanceTimersByTime(streamMaxMs / 20);
    await nextTurn();
    perTenth.push(before - streams.open);
  }
  vi.advanceTimersByTime(1);
  await nextTurn();
  expect(streams.open).toBe(0);
  // Evenly spread, each tenth has 10 of them; with more than half in one of them they would not be spread.
  expect(Math.max(...perTenth)).toBeLessThan(50);
  // Clients open them again, since they end as if the connection was lost.
  expect(reasons).toHaveLength(100);
  for (const reason of reasons) expect(reason).toMatchObject({ name: 'AbortError' });
});
