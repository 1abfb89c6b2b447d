import type { Broker } from '@longhaul/broker';
import { createTopology } from '@longhaul/proto/wire';
import { expect, test, vi } from 'vitest';
import { Placeholder } from './placeholder.ts';

function create() {
  const publish = vi.fn(() => Promise.reject(new Error('NATS does not answer')));
  const broker = { topology: createTopology(), acked: { publish } } as unknown as Broker;
  const placeholder = new Placeholder(broker);
  const start = (count: number, nowMs: number) => {
    for (let i = 0; i < count; i += 1) placeholder.taskStarted(nowMs);
  };
  return { publish, start };
}

test('a quiet queue gets none', () => {
  const { publish, start } = create();
  start(19, 0);
  expect(publish).not.toHaveBeenCalled();
});

test('a busy one gets one now and then, which expires; that one is lost is no fault', () => {
  const { publish, start } = create();
  start(1_000, 5_000);
  expect(publish.mock.calls).toEqual([['tasks.schedule.placeholder', new Uint8Array(), { ttl: '60s' }]]);
  start(1_000, 14_999);
  expect(publish).toHaveBeenCalledTimes(1);
  start(1, 15_000);
  expect(publish).toHaveBeenCalledTimes(2);
  start(19, 40_000);
  expect(publish).toHaveBeenCalledTimes(2);
});
