import { expect, it } from 'vitest';
import { OwnerStreams } from './ownerStreams.ts';

it('an owner has so many streams, and gets one again for each that is given back, once', () => {
  const streams = new OwnerStreams(2);
  const first = streams.acquire('ann');
  streams.acquire('ann');
  streams.acquire('bob');
  expect(() => streams.acquire('ann')).toThrow(expect.objectContaining({ code: 'TOO_MANY_STREAMS' }));
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  expect(streams.open).toBe(2);
  streams.acquire('ann', 'webSocket');
  expect(() => streams.acquire('ann')).toThrow();
  expect(streams.open).toBe(2);
});
