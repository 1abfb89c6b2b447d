import { describe, expect, test } from 'vitest';
import { lendLimit, type Slot, SlotPool } from './slotPool.ts';

const never = new AbortController().signal;

/** A wait that ends when it is told to, in a slot of which the place in the order is noted when it is back. */
function waitIn(slot: Slot | undefined, signal = never, awaited = 'child') {
  const end = Promise.withResolvers<void>();
  const back = slot?.lendWhile(awaited, signal, () => end.promise);
  return { end: end.resolve, back };
}
/** Whether a promise has resolved by now. */
async function isBack(wait: { readonly back: Promise<void> | undefined }): Promise<boolean> {
  const later = Symbol();
  await new Promise(resolve => setImmediate(resolve));
  return (await Promise.race([wait.back, Promise.resolve(later)])) !== later;
}

describe('a pool of slots', () => {
  test('gives no more than there are, and one again when a handler has ended', () => {
    let told = 0;
    const pool = new SlotPool(1, () => {
      told += 1;
    });
    const slot = pool.acquire('a');
    expect([pool.free, pool.acquire('a')]).toEqual([0, undefined]);
    slot?.release();
    expect([pool.free, told]).toEqual([1, 1]);
  });

  test('lends the slot of one that waits, which gets it back before anything new begins', async () => {
    const pool = new SlotPool(1);
    const wait = waitIn(pool.acquire('parent'));
    expect([pool.free, pool.lent]).toEqual([1, 1]);
    const child = pool.acquire('child');
    wait.end();
    expect(await isBack(wait)).toBe(false);
    child?.release();
    expect(await isBack(wait)).toBe(true);
    expect([pool.free, pool.lent, pool.acquire('child')]).toEqual([0, 0, undefined]);
  });

  test('gives slots back in the order in which they were wanted', async () => {
    const pool = new SlotPool(1);
    const waits = [1, 2, 3].map(() => waitIn(pool.acquire('parent')));
    const child = pool.acquire('child');
    for (const wait of [...waits].reverse()) {
      wait.end();
      await isBack(wait);
    }
    child?.release();
    const back = await Promise.all(waits.map(isBack));
    expect(back).toEqual([false, false, true]);
  });

  test('lends it until the last of several waits has ended', async () => {
    const pool = new SlotPool(1);
    const slot = pool.acquire('parent');
    const [first, second] = [waitIn(slot), waitIn(slot)];
    first.end();
    expect(await isBack(first)).toBe(true);
    expect(pool.free).toBe(1);
    second.end();
    expect(await isBack(second)).toBe(true);
    expect(pool.free).toBe(0);
  });

  test('lends it on when another wait begins while it is wanted back', async () => {
    const pool = new SlotPool(1);
    const slot = pool.acquire('parent');
    const first = waitIn(slot);
    const child = pool.acquire('child');
    first.end();
    expect(await isBack(first)).toBe(false);
    const second = waitIn(slot);
    expect(await isBack(first)).toBe(true);
    child?.release();
    expect([pool.free, pool.lent]).toEqual([1, 1]);
    second.end();
    expect(await isBack(second)).toBe(true);
  });

  test.each(['while it waits', 'while it wants its slot back'])(
    'lets a handler end whose signal is aborted %s',
    async when => {
      const pool = new SlotPool(1);
      const abort = new AbortController();
      const slot = pool.acquire('parent');
      const wait = waitIn(slot, abort.signal);
      const child = pool.acquire('child');
      if (when === 'while it waits') abort.abort();
      wait.end();
      if (when !== 'while it waits') {
        expect(await isBack(wait)).toBe(false);
        abort.abort();
      }
      expect(await isBack(wait)).toBe(true);
      slot?.release();
      expect([pool.free, pool.lent]).toEqual([0, 0]);
      child?.release();
      expect(pool.free).toBe(1);
    },
  );

  test('counts nothing twice of a handler that ends in the middle of a wait', async () => {
    const pool = new SlotPool(1);
    const slot = pool.acquire('parent');
    const wait = waitIn(slot);
    slot?.release();
    expect([pool.free, pool.lent]).toEqual([1, 0]);
    wait.end();
    expect(await isBack(wait)).toBe(true);
    expect([pool.free, pool.lent]).toEqual([1, 0]);
  });

  test('takes no more of those that wait when too many do, but always what they wait for', () => {
    const pool = new SlotPool(1);
    for (let n = 0; n < lendLimit; n += 1) waitIn(pool.acquire('parent'));
    expect([pool.lent, pool.accepts('parent'), pool.accepts('child'), pool.accepts('other')]).toEqual([
      lendLimit,
      false,
      true,
      true,
    ]);
    expect(pool.acquire('parent')).toBeUndefined();
    waitIn(pool.acquire('child'), never, 'parent');
    expect(pool.accepts('parent')).toBe(true);
  });
});
