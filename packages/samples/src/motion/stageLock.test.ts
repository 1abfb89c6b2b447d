import { expect, it } from 'vitest';
import { createStageLock } from './stageLock.ts';

const never = new AbortController().signal;

it('gives the stage to one at a time, in the order of asking', async () => {
  const lock = createStageLock();
  const order: string[] = [];
  const ahead: number[] = [];
  const use = async (name: string) => {
    const release = await lock.acquire(never, others => ahead.push(others));
    order.push(`${name} begins`);
    await new Promise(setImmediate);
    order.push(`${name} ends`);
    release();
    release();
  };
  await Promise.all([use('a'), use('b'), use('c')]);
  expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  expect(ahead).toEqual([1, 2]);
});

it('notices a signal that is aborted while it is told to wait', async () => {
  const lock = createStageLock();
  const release = await lock.acquire(never, () => {});
  const abort = new AbortController();
  const reason = new Error('canceled');
  await expect(lock.acquire(abort.signal, () => abort.abort(reason))).rejects.toBe(reason);
  release();
  (await lock.acquire(never, () => {}))();
});

it('lets the next one in front when one gives up waiting', async () => {
  const lock = createStageLock();
  const release = await lock.acquire(never, () => {});
  const abort = new AbortController();
  const gaveUp = lock.acquire(abort.signal, () => {});
  const patient = lock.acquire(never, () => {});
  const reason = new Error('canceled');
  abort.abort(reason);
  await expect(gaveUp).rejects.toBe(reason);
  release();
  (await patient)();
  // Free again: nobody is told to wait.
  const waited: number[] = [];
  (await lock.acquire(never, others => waited.push(others)))();
  expect(waited).toEqual([]);
  await expect(lock.acquire(abort.signal, () => {})).rejects.toBe(reason);
});
