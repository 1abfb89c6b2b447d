import { errors } from '@nats-io/transport-node';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs, untilAnswered } from './untilAnswered.ts';

const never = new AbortController().signal;

test('asks again while NATS does not answer, and gives what it answers then', async () => {
  let asked = 0;
  const ask = async () => {
    asked += 1;
    if (asked < 3) throw new errors.TimeoutError();
    return asked;
  };
  expect(await untilAnswered(ask, never)).toBe(3);
});

test('an answer that is an error is an answer', async () => {
  const refused = new RangeError('no');
  await expect(untilAnswered(() => Promise.reject(refused), never)).rejects.toBe(refused);
});

test('each signal ends it, with its reason, also while it waits; what was asked is not asked again', async () => {
  for (const position of [0, 1]) {
    const abort = new AbortController();
    const reason = new Error('enough');
    let asked = 0;
    const ask = async () => {
      asked += 1;
      abort.abort(reason);
      throw new errors.TimeoutError();
    };
    const signals = position === 0 ? [abort.signal, never] : [never, abort.signal];
    await expect(untilAnswered(ask, ...signals)).rejects.toBe(reason);
    expect(asked).toBe(1);
    await expect(untilAnswered(ask, ...signals)).rejects.toBe(reason);
    expect(asked).toBe(1);
  }
});

test('a try waits for half of its step at least and for the whole of it at most, and never longer than the longest', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 1, max: 500 }),
      (failures, firstMs) => {
        const stepMs = Math.min(2_000, firstMs * 2 ** (failures - 1));
        const waitMs = backoffMs(failures, firstMs, 2_000);
        expect(waitMs).toBeGreaterThanOrEqual(stepMs / 2);
        expect(waitMs).toBeLessThanOrEqual(stepMs);
      },
    ),
  );
});

test('tries that failed together do not wait equally long', () => {
  expect(new Set(Array.from({ length: 100 }, () => backoffMs(1, 200, 2_000))).size).toBeGreaterThan(50);
});
