import { ackWaitMs, createTopology, type PermitHolder } from '@longhaul/proto/wire';
import { errors } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import type { Broker } from './broker.ts';
import { encode } from './codec.ts';
import { PermitHealing } from './permitHealing.ts';

const holder: PermitHolder = {
  id: '01890000-0000-7000-8000-000000000000',
  name: 'demo.task',
  owner: 'ann',
  executor: 'executor-1',
  attempt: 1,
  keeps: 'attempt',
  at: '2026-01-01T00:00:00.000Z',
};

/** Healing that asks an executor whose answer a test sets; `undefined`: it is silent. */
function create() {
  const executor: { holds: boolean | undefined } = { holds: undefined };
  const request = async () => {
    if (executor.holds === undefined) throw new errors.TimeoutError();
    return { data: encode({ v: 1, holds: executor.holds }) };
  };
  const healing = new PermitHealing({ nc: { request }, topology: createTopology() } as unknown as Broker);
  return { executor, over: async (nowMs: number) => (await healing.over([holder], nowMs)).length === 1 };
}

test('a permit is over when its executor lets go, or is silent for as long as it takes to count as lost', async () => {
  const { executor, over } = create();
  expect(await over(0)).toBe(false);
  expect(await over(ackWaitMs - 1)).toBe(false);
  expect(await over(ackWaitMs)).toBe(true);
  executor.holds = true;
  expect(await over(ackWaitMs + 1)).toBe(false);
  executor.holds = false;
  expect(await over(ackWaitMs + 2)).toBe(true);
});

test('two moments of silence that lie far apart are no long silence', async () => {
  const { over } = create();
  expect(await over(0)).toBe(false);
  expect(await over(3_600_000)).toBe(false);
  expect(await over(3_600_000 + ackWaitMs)).toBe(true);
});
