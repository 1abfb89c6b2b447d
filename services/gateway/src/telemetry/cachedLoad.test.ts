import { describe, expect, test, vi } from 'vitest';
import { cachedLoad } from './cachedLoad.ts';

describe('a short-lived answer', () => {
  test('is shared while it is new, also before it is there, and loaded again after that', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      let loads = 0;
      const look = cachedLoad(1_000, async () => {
        loads += 1;
        return loads;
      });
      expect(await Promise.all([look(), look()])).toEqual([1, 1]);
      vi.advanceTimersByTime(999);
      expect(await look()).toBe(1);
      vi.advanceTimersByTime(1);
      expect(await look()).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });

  test('is kept the longer the more it cost, and is not loaded twice at once', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    try {
      let loads = 0;
      const loading = Promise.withResolvers<void>();
      const look = cachedLoad(
        tookMs => 10 * tookMs,
        async () => {
          loads += 1;
          await loading.promise;
          return loads;
        },
      );
      const first = look();
      vi.advanceTimersByTime(300);
      expect(look()).toBe(first);
      loading.resolve();
      expect(await first).toBe(1);
      vi.advanceTimersByTime(2_699);
      expect(await look()).toBe(1);
      vi.advanceTimersByTime(1);
      expect(await look()).toBe(2);
    } finally {
      vi.useRealTimers();
    }
  });

  test('is not kept when it is a failure', async () => {
    let loads = 0;
    const look = cachedLoad(1_000, async () => {
      loads += 1;
      if (loads === 1) throw new Error('not now');
      return loads;
    });
    await expect(Promise.all([look(), look()])).rejects.toThrow('not now');
    expect(await look()).toBe(2);
  });
});
