import { errors } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { untilAnswered } from './untilAnswered.ts';

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
