import { describe, expect, it } from 'vitest';
import { ReadLimit } from './directBatch.ts';

/** Reads that end when they are told to, and the order in which they began. */
function reads(limit: ReadLimit) {
  const begun: number[] = [];
  const ends: PromiseWithResolvers<void>[] = [];
  const start = (n: number) => {
    const end = Promise.withResolvers<void>();
    ends[n] = end;
    return limit.run(async () => {
      begun.push(n);
      await end.promise;
      return n;
    });
  };
  return {
    begun,
    start,
    end: (n: number) => ends[n]?.resolve(),
    fail: (n: number) => ends[n]?.reject(new Error(`${n}`)),
  };
}
const turn = () => new Promise(resolve => setImmediate(resolve));

describe('ReadLimit', () => {
  it('runs so many at once, and the others in their order, each when one before it ends', async () => {
    const { begun, start, end } = reads(new ReadLimit(2));
    const all = [0, 1, 2, 3].map(start);
    await turn();
    expect(begun).toEqual([0, 1]);
    end(1);
    await turn();
    expect(begun).toEqual([0, 1, 2]);
    for (const n of [0, 2, 3]) end(n);
    expect(await Promise.all(all)).toEqual([0, 1, 2, 3]);
    expect(begun).toEqual([0, 1, 2, 3]);
  });

  it('gives the turn of one that fails to the next, and all of them are free again at the end', async () => {
    const { begun, start, end, fail } = reads(new ReadLimit(1));
    const first = start(0);
    const second = start(1);
    await turn();
    fail(0);
    await expect(first).rejects.toThrow('0');
    await turn();
    expect(begun).toEqual([0, 1]);
    end(1);
    await second;
    const third = start(2);
    await turn();
    expect(begun).toEqual([0, 1, 2]);
    end(2);
    await third;
  });

  it('lets nobody who comes while a turn is passed on get in between', async () => {
    const { begun, start, end } = reads(new ReadLimit(1));
    const first = start(0);
    const waiting = start(1);
    await turn();
    end(0);
    await first;
    const late = start(2);
    await turn();
    expect(begun).toEqual([0, 1]);
    end(1);
    await turn();
    end(2);
    await Promise.all([waiting, late]);
    expect(begun).toEqual([0, 1, 2]);
  });
});
