import { TRPCClientError } from '@trpc/client';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { iterateEvents, type SubscriptionObserver, waitingLimit } from './eventIterator.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Open = {
  readonly after: string | undefined;
  readonly observer: SubscriptionObserver<number>;
  closed: number;
};

/** A gateway whose subscriptions the test speaks for. */
function createGateway(onOpen: (open: Open) => void = () => {}) {
  const opens: Open[] = [];
  const subscribe = (after: string | undefined, observer: SubscriptionObserver<number>) => {
    const open: Open = { after, observer, closed: 0 };
    opens.push(open);
    onOpen(open);
    return () => {
      open.closed += 1;
    };
  };
  return { opens, subscribe };
}
const item = (n: number) => ({ id: String(n), data: n });
const unreachable = TRPCClientError.from(new TypeError('fetch failed'));
const notFound = TRPCClientError.from({
  error: {
    code: -32_004,
    message: 'There is no such task.',
    data: { code: 'NOT_FOUND', httpStatus: 404, reason: 'TASK_NOT_FOUND', issues: [] },
  },
});
const longestWaitMs = 5_000;

/** Reads all; `seen` grows as the events come. */
function read(
  subscribe: ReturnType<typeof createGateway>['subscribe'],
  lastEventId?: string,
  signal?: AbortSignal,
) {
  const seen: number[] = [];
  const done = (async () => {
    for await (const { data } of iterateEvents(subscribe, lastEventId, signal)) seen.push(data);
  })();
  // A failure is looked at by the test that expects one.
  done.catch(() => {});
  return { seen, done };
}
const settle = () => vi.advanceTimersByTimeAsync(0);

test('events come in order, up to the end', async () => {
  const { subscribe, opens } = createGateway(({ observer }) => {
    for (const n of [1, 2, 3]) observer.onData(item(n));
    observer.onComplete();
  });
  const { seen, done } = read(subscribe);
  await done;
  expect(seen).toEqual([1, 2, 3]);
  expect(opens).toMatchObject([{ after: undefined, closed: 1 }]);
});

test('the first subscription continues where the reader says', async () => {
  const { subscribe, opens } = createGateway(({ observer }) => observer.onComplete());
  await read(subscribe, '7').done;
  expect(opens[0]?.after).toBe('7');
});

describe('a lost connection', () => {
  test.each<[string, (observer: SubscriptionObserver<number>) => void]>([
    ['that the subscription would repair by itself', observer => observer.onLost(unreachable)],
    ['that it gave up', observer => observer.onError(unreachable)],
    ['of whatever kind', observer => observer.onLost(notFound)],
  ])('%s is opened again after the last event', async (_what, lose) => {
    const { subscribe, opens } = createGateway();
    const { seen, done } = read(subscribe);
    await settle();
    opens[0]?.observer.onData(item(1));
    opens[0]?.observer.onData(item(4));
    if (opens[0]) lose(opens[0].observer);
    await vi.advanceTimersByTimeAsync(longestWaitMs);
    expect(opens[0]?.closed).toBeGreaterThan(0);
    expect(opens[1]?.after).toBe('4');
    opens[1]?.observer.onData(item(6));
    opens[1]?.observer.onComplete();
    await done;
    expect(seen).toEqual([1, 4, 6]);
  });

  test('is not hammered: each further try waits longer', async () => {
    const times: number[] = [];
    const { subscribe } = createGateway(({ observer }) => {
      times.push(Date.now());
      queueMicrotask(() => observer.onError(unreachable));
    });
    const abort = new AbortController();
    const { done } = read(subscribe, undefined, abort.signal);
    await vi.advanceTimersByTimeAsync(60_000);
    abort.abort();
    await done;
    const gaps = times.slice(1).map((at, i) => at - (times[i] ?? 0));
    expect(gaps.length).toBeGreaterThan(8);
    expect(gaps.length).toBeLessThan(40);
    expect(gaps[0]).toBeLessThanOrEqual(200);
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(2_500);
  });

  test('after an event the waits begin again', async () => {
    const { subscribe, opens } = createGateway();
    read(subscribe);
    for (let round = 0; round < 6; round += 1) {
      await vi.advanceTimersByTimeAsync(longestWaitMs);
      opens.at(-1)?.observer.onError(unreachable);
    }
    await vi.advanceTimersByTimeAsync(longestWaitMs);
    opens.at(-1)?.observer.onData(item(1));
    await settle();
    const before = opens.length;
    opens.at(-1)?.observer.onError(unreachable);
    await vi.advanceTimersByTimeAsync(200);
    expect(opens.length).toBe(before + 1);
  });

  test('what a lost subscription still says is not heard', async () => {
    const { subscribe, opens } = createGateway();
    const { seen } = read(subscribe);
    await settle();
    opens[0]?.observer.onLost(unreachable);
    opens[0]?.observer.onData(item(1));
    await vi.advanceTimersByTimeAsync(longestWaitMs);
    expect(opens[1]?.after).toBeUndefined();
    opens[0]?.observer.onData(item(1));
    opens[0]?.observer.onError(notFound);
    opens[1]?.observer.onData(item(1));
    await settle();
    expect(seen).toEqual([1]);
  });
});

describe('a failure that trying again cannot help', () => {
  test('is thrown', async () => {
    const { subscribe, opens } = createGateway(({ observer }) => observer.onError(notFound));
    await expect(read(subscribe).done).rejects.toBe(notFound);
    expect(opens).toMatchObject([{ closed: 1 }]);
  });

  test('comes after the events that came before it', async () => {
    const { subscribe } = createGateway(({ observer }) => {
      observer.onData(item(1));
      observer.onError(notFound);
    });
    const { seen, done } = read(subscribe);
    await expect(done).rejects.toBe(notFound);
    expect(seen).toEqual([1]);
  });
});

describe('a slow reader', () => {
  test('misses nothing: what does not fit is asked for again', async () => {
    const total = waitingLimit * 2 + 50;
    // The gateway sends what there is after the given id, as fast as it can.
    const { subscribe, opens } = createGateway(({ after, observer }) => {
      for (let n = Number(after ?? 0) + 1; n <= total; n += 1) observer.onData(item(n));
      observer.onComplete();
    });
    const { seen, done } = read(subscribe);
    await done;
    expect(seen).toEqual(Array.from({ length: total }, (_, i) => i + 1));
    expect(opens.map(({ after }) => after)).toEqual([
      undefined,
      String(waitingLimit),
      String(2 * waitingLimit),
    ]);
    expect(opens.every(({ closed }) => closed > 0)).toBe(true);
  });

  test('has its subscription closed as soon as it is full, before it reads on', async () => {
    const { subscribe, opens } = createGateway();
    const events = iterateEvents(subscribe, undefined, undefined);
    const first = events.next();
    for (let n = 1; n <= waitingLimit; n += 1) opens[0]?.observer.onData(item(n));
    await first;
    expect(opens[0]?.closed).toBeGreaterThan(0);
    expect(opens.length).toBe(1);
    await events.return();
  });
});

describe('a reader that leaves', () => {
  test('by its signal ends the waiting and the subscription', async () => {
    const { subscribe, opens } = createGateway();
    const abort = new AbortController();
    const { done } = read(subscribe, undefined, abort.signal);
    await settle();
    abort.abort();
    await done;
    expect(opens).toMatchObject([{ closed: 1 }]);
  });

  test('by its signal ends the wait for the next try', async () => {
    const { subscribe, opens } = createGateway(({ observer }) => observer.onError(unreachable));
    const abort = new AbortController();
    const { done } = read(subscribe, undefined, abort.signal);
    await settle();
    abort.abort();
    await done;
    expect(opens.length).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('by a break ends the subscription', async () => {
    const { subscribe, opens } = createGateway(({ observer }) => observer.onData(item(1)));
    for await (const { data } of iterateEvents(subscribe, undefined, undefined)) {
      expect(data).toBe(1);
      break;
    }
    expect(opens).toMatchObject([{ closed: 1 }]);
  });

  test('before it came opens nothing', async () => {
    const { subscribe, opens } = createGateway();
    await read(subscribe, undefined, AbortSignal.abort()).done;
    expect(opens).toEqual([]);
  });

  test('leaves no listener at a signal that continues', async () => {
    const { signal } = new AbortController();
    const [add, remove] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')];
    const { subscribe } = createGateway(({ observer, after }) => {
      if (after !== undefined) return observer.onComplete();
      observer.onData(item(1));
      observer.onLost(unreachable);
    });
    const { done } = read(subscribe, undefined, signal);
    await vi.advanceTimersByTimeAsync(longestWaitMs);
    await done;
    expect(add).toHaveBeenCalled();
    expect(remove).toHaveBeenCalledTimes(add.mock.calls.length);
  });
});

test('invariant 4, watch-is-complete: however often the connection is lost, each event comes once and in order', async () => {
  const cuts = fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.nat(25), cuts, async (total, given) => {
      const left = [...given];
      const { subscribe } = createGateway(({ after, observer }) => {
        const cut = left.shift();
        const from = Number(after ?? 0);
        const upTo = cut === undefined ? total : Math.min(total, from + cut);
        for (let n = from + 1; n <= upTo; n += 1) observer.onData(item(n));
        if (cut === undefined) observer.onComplete();
        else observer.onLost(unreachable);
      });
      const { seen, done } = read(subscribe);
      await vi.advanceTimersByTimeAsync(longestWaitMs * (given.length + 1));
      await done;
      expect(seen).toEqual(Array.from({ length: total }, (_, i) => i + 1));
    }),
  );
});
