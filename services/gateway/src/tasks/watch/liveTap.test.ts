import { taskEvent } from '@longhaul/testkit';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { idleChecksMs, type LiveItem, LiveTap, tapCapacity, tapCapacityBytes } from './liveTap.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const item = (seq: number): LiveItem => ({
  previous: seq - 1,
  entry: { seq, stored: { seq, id: 'id', name: 'demo', event: taskEvent({ type: 'stopping' }) } },
});
const open = () => new AbortController().signal;

function create() {
  const onClose = vi.fn();
  return { onClose, tap: new LiveTap(onClose) };
}

describe('events', () => {
  test('come in order, whether they waited or are waited for', async () => {
    const { tap } = create();
    tap.push(item(1));
    tap.push(item(2));
    expect(await tap.next(open())).toEqual(item(1));
    expect(await tap.next(open())).toEqual(item(2));
    const third = tap.next(open());
    tap.push(item(3));
    expect(await third).toEqual(item(3));
  });

  test('beyond the capacity are read from the stream instead, all of them', async () => {
    const { tap } = create();
    for (let seq = 1; seq <= tapCapacity + 5; seq += 1) tap.push(item(seq));
    expect(await tap.next(open())).toBe('refill');
    // What is pushed while the stream is read is kept.
    tap.push(item(1_000));
    expect(await tap.next(open())).toEqual(item(1_000));
  });

  test('beyond the capacity in bytes as well, also when some were taken', async () => {
    const { tap } = create();
    const large = (seq: number) => ({ ...item(seq), bytes: tapCapacityBytes / 2 });
    for (let seq = 1; seq <= 2; seq += 1) tap.push(large(seq));
    expect(await tap.next(open())).toEqual(large(1));
    tap.push(large(3));
    expect(await tap.next(open())).toEqual(large(2));
    for (let seq = 4; seq <= 6; seq += 1) tap.push(large(seq));
    expect(await tap.next(open())).toBe('refill');
    tap.push(large(7));
    expect(await tap.next(open())).toEqual(large(7));
  });

  test('just within the capacity all come', async () => {
    const { tap } = create();
    for (let seq = 1; seq <= tapCapacity; seq += 1) tap.push(item(seq));
    for (let seq = 1; seq <= tapCapacity; seq += 1) expect(await tap.next(open())).toEqual(item(seq));
  });
});

describe('a watcher looks into the stream', () => {
  test('when something was missed while it waited', async () => {
    const { tap } = create();
    const next = tap.next(open());
    tap.missed();
    expect(await next).toBe('refill');
  });

  test('when something was missed before, and forgets what it had', async () => {
    const { tap } = create();
    tap.push(item(1));
    tap.missed();
    tap.push(item(2));
    expect(await tap.next(open())).toBe('refill');
    tap.push(item(3));
    expect(await tap.next(open())).toEqual(item(3));
  });

  /** After how many milliseconds each of the next idle checks comes. */
  const nextChecks = async (tap: LiveTap, count: number) => {
    const waits: number[] = [];
    for (let n = 0; n < count; n += 1) {
      const from = Date.now();
      const next = tap.next(open());
      await vi.advanceTimersToNextTimerAsync();
      expect(await next).toBe('refill');
      waits.push(Date.now() - from);
    }
    return waits;
  };
  const longest = idleChecksMs.at(-1);

  test('when nothing came: early at first, since its subscription may not have arrived everywhere', async () => {
    expect(await nextChecks(create().tap, 6)).toEqual([...idleChecksMs, longest, longest]);
  });

  test('when nothing came for long after a live event, which shows that the subscription has arrived', async () => {
    const { tap } = create();
    tap.push(item(1));
    await tap.next(open());
    expect(await nextChecks(tap, 2)).toEqual([longest, longest]);
  });

  test('early again when something was missed', async () => {
    const { tap } = create();
    tap.push(item(1));
    tap.missed();
    expect(await tap.next(open())).toBe('refill');
    expect(await nextChecks(tap, 4)).toEqual([...idleChecksMs]);
  });
});

describe('a wait ends', () => {
  test('when the client leaves', async () => {
    const { tap } = create();
    const client = new AbortController();
    const next = tap.next(client.signal);
    client.abort();
    expect(await next).toBe('closed');
  });

  test('when the tap is closed', async () => {
    const { tap } = create();
    const next = tap.next(open());
    tap.close();
    expect(await next).toBe('closed');
  });

  test('at once, when one of both has happened already', async () => {
    const { tap } = create();
    tap.push(item(1));
    expect(await tap.next(AbortSignal.abort())).toBe('closed');
    tap.close();
    expect(await tap.next(open())).toBe('closed');
  });
});

test('closing twice closes once', () => {
  const { tap, onClose } = create();
  tap.close();
  tap.close();
  expect(onClose).toHaveBeenCalledOnce();
});

test('a wait leaves no timer and no listener behind', async () => {
  const { tap } = create();
  const client = new AbortController();
  const remove = vi.spyOn(client.signal, 'removeEventListener');
  const next = tap.next(client.signal);
  tap.push(item(1));
  await next;
  expect(vi.getTimerCount()).toBe(0);
  expect(remove).toHaveBeenCalledWith('abort', expect.any(Function));
});
