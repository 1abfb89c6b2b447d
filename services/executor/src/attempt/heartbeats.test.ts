import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RequestMessage } from '../queue/requestMessage.ts';
import { Heartbeats } from './heartbeats.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function counted() {
  const request = { sent: 0, message: () => request as unknown as RequestMessage, heartbeat: () => {} };
  request.heartbeat = () => {
    request.sent += 1;
  };
  return request;
}

test('every request that is worked on has its heartbeat in time, from its start until it is stopped', () => {
  const heartbeats = new Heartbeats(() => true, 100);
  const [first, second] = [counted(), counted()];
  const stopFirst = heartbeats.start(first.message);
  vi.advanceTimersByTime(150);
  const stopSecond = heartbeats.start(second.message);
  // Begun in the middle: its first one is not later than those of others.
  vi.advanceTimersByTime(100);
  expect([first.sent, second.sent]).toEqual([2, 1]);
  stopFirst.stop();
  vi.advanceTimersByTime(200);
  expect([first.sent, second.sent]).toEqual([2, 3]);
  stopSecond.stop();
  expect(vi.getTimerCount()).toBe(0);
  const again = heartbeats.start(first.message);
  vi.advanceTimersByTime(100);
  expect([first.sent, second.sent]).toEqual([3, 3]);
  again.stop();
});

test('after a reconnection all are sent at once, and of a request that was delivered again those of the new delivery', () => {
  const heartbeats = new Heartbeats(() => true, 100);
  const [earlier, newer] = [counted(), counted()];
  let current = earlier;
  const stop = heartbeats.start(() => current.message());
  current = newer;
  heartbeats.sendAll();
  expect([earlier.sent, newer.sent]).toEqual([0, 1]);
  stop.stop();
});

test('while NATS does not answer none is sent by the clock', () => {
  let isHeard = false;
  const heartbeats = new Heartbeats(() => isHeard, 100);
  const request = counted();
  const stop = heartbeats.start(request.message);
  vi.advanceTimersByTime(1_000);
  expect(request.sent).toBe(0);
  isHeard = true;
  vi.advanceTimersByTime(100);
  expect(request.sent).toBe(1);
  stop.stop();
});
