import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepAliveMs } from '../tasks/watch/followTask.ts';
import { StreamNotices } from './streamNotices.ts';

/** A connection to NATS that can be cut; `listeners` are those that streams have added. */
function fakeLink() {
  const listeners = new Set<() => void>();
  return {
    listeners,
    isCutOff: false,
    listen: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    become(state: 'lost' | 'restored') {
      this.isCutOff = state === 'lost';
      for (const listener of listeners) listener();
    },
  };
}
const never = new Promise<never>(() => {});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the notices of a stream', () => {
  it('let an event pass that is there', async () => {
    using notices = new StreamNotices(fakeLink());
    expect(await notices.before(Promise.resolve('event'))).toBe('event');
  });

  it('report each change of the connection once, before events', async () => {
    const link = fakeLink();
    using notices = new StreamNotices(link);
    for (const state of ['lost', 'restored', 'lost', 'restored'] as const) {
      const next = notices.before(never);
      link.become(state);
      expect(await next).toBe(state);
      expect(await notices.before(Promise.resolve('event'))).toBe('event');
    }
  });

  it('report a connection that was lost before the stream began, or between two events', async () => {
    const link = fakeLink();
    link.become('lost');
    using notices = new StreamNotices(link);
    expect(await notices.before(never)).toBe('lost');
    link.become('restored');
    expect(await notices.before(never)).toBe('restored');
  });

  it('say nothing of a loss that was over before anybody could be told', async () => {
    const link = fakeLink();
    using notices = new StreamNotices(link);
    link.become('lost');
    link.become('restored');
    expect(await notices.before(Promise.resolve('event'))).toBe('event');
  });

  it('report silence again and again, counted from the last event', async () => {
    using notices = new StreamNotices(fakeLink());
    for (let times = 0; times < 3; times += 1) {
      vi.advanceTimersByTime(keepAliveMs - 1);
      // An event, just in time.
      expect(await notices.before(Promise.resolve('event'))).toBe('event');
      const next = notices.before(never);
      vi.advanceTimersByTime(keepAliveMs - 1);
      expect(await Promise.race([next, nextTurn('silent')])).toBe('silent');
      vi.advanceTimersByTime(1);
      expect(await next).toBe('keep-alive');
    }
  });

  it('pass an error on', async () => {
    using notices = new StreamNotices(fakeLink());
    await expect(notices.before(Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });

  it('have one listener and one timer for a stream, however many events it has, and none after it', async () => {
    const link = fakeLink();
    const streams = Array.from({ length: 10 }, () => new StreamNotices(link));
    for (let event = 0; event < 50; event += 1)
      await Promise.all(streams.map(notices => notices.before(Promise.resolve(event))));
    expect(link.listeners.size).toBe(10);
    expect(vi.getTimerCount()).toBe(10);
    for (const notices of streams) notices[Symbol.dispose]();
    expect(link.listeners.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
