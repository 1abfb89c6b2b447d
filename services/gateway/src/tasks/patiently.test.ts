import { errors } from '@nats-io/nats-core';
import { describe, expect, test } from 'vitest';
import { patiently, throughElection } from './patiently.ts';

/** Answers after so many questions without an answer. */
function answersAfter(failures: number, error: Error = new errors.TimeoutError()) {
  let asked = 0;
  const ask = async () => {
    asked += 1;
    if (asked <= failures) throw error;
    return 'answer';
  };
  return { ask, asked: () => asked };
}
const never = new AbortController().signal;

describe.each([
  ['patiently', (ask: () => Promise<string>) => patiently(ask, never)],
  ['throughElection', (ask: () => Promise<string>) => throughElection(ask)],
] as const)('%s', (_name, call) => {
  test.each([0, 1, 3])('is answered after %i questions without an answer', async failures => {
    const { ask, asked } = answersAfter(failures);
    expect(await call(ask)).toBe('answer');
    expect(asked()).toBe(failures + 1);
  });

  test('asks once where the answer is an error of the question', async () => {
    const { ask, asked } = answersAfter(1, new Error('no such thing'));
    await expect(call(ask)).rejects.toThrow('no such thing');
    expect(asked()).toBe(1);
  });
});

test('a call is held back for its time, and then refused with the last error', async () => {
  const { ask, asked } = answersAfter(Number.POSITIVE_INFINITY);
  const from = performance.now();
  await expect(throughElection(ask, 700)).rejects.toBeInstanceOf(errors.TimeoutError);
  expect(performance.now() - from).toBeGreaterThan(700);
  // The waits grow.
  expect(asked()).toBeLessThan(8);
});

test('a caller who waits is left with nothing when the wait is over', async () => {
  const { ask, asked } = answersAfter(Number.POSITIVE_INFINITY);
  const left = new AbortController();
  const answer = patiently(ask, left.signal);
  await expect.poll(asked).toBe(2);
  left.abort();
  expect(await answer).toBeUndefined();
  expect(asked()).toBe(2);
});

test('a caller who leaves does not wait for an answer that does not come', async () => {
  const left = new AbortController();
  const answer = patiently(() => new Promise<string>(() => {}), left.signal);
  left.abort();
  expect(await answer).toBeUndefined();
});
