import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { withLimit } from './awaitEnd.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const untilAborted = (signal: AbortSignal) =>
  new Promise<string>(resolve => {
    if (signal.aborted) resolve('aborted');
    signal.addEventListener('abort', () => resolve('aborted'));
  });

test('ends when the time is over', async () => {
  const waiting = withLimit(100, [], untilAborted);
  await vi.advanceTimersByTimeAsync(99);
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(await waiting).toBe('aborted');
});

test('ends with either signal, also one that was aborted before', async () => {
  for (const which of [0, 1]) {
    const controllers = [new AbortController(), new AbortController()];
    const waiting = withLimit(
      60_000,
      controllers.map(({ signal }) => signal),
      untilAborted,
    );
    controllers[which]?.abort();
    expect(await waiting).toBe('aborted');
  }
  expect(await withLimit(60_000, [AbortSignal.abort()], untilAborted)).toBe('aborted');
});

test('leaves neither timer nor listener behind, however it ends', async () => {
  const { signal } = new AbortController();
  expect(await withLimit(60_000, [signal], async () => 'done')).toBe('done');
  await expect(withLimit(60_000, [signal], () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(vi.getTimerCount()).toBe(0);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
