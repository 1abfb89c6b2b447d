import { randomBytes } from 'node:crypto';
import { type Broker, createBroker } from '@longhaul/broker';
import { createTopology } from '@longhaul/proto/wire';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { pino } from 'pino';
import { v7 as uuid } from 'uuid';
import { expect, inject, test } from 'vitest';
import { answerAsHolder, isHeldBy } from './holder.ts';

const logger = pino({ level: 'silent' });

/** Two executors, each with a connection of its own. */
async function twoExecutors() {
  await using opening = new AsyncDisposableStack();
  const namespace = `t${randomBytes(6).toString('hex')}`;
  const open = async () => {
    const nc = await connect({ servers: inject('natsUrl'), reconnectTimeWait: 10 });
    opening.defer(() => nc.close());
    return createBroker(nc, createTopology(namespace), { role: 'executor' });
  };
  const [asking, asked] = [await open(), await open()];
  const opened = opening.move();
  return { asking, asked, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Replaces a connection, as a restart of the server does. */
async function reconnect(nc: NatsConnection): Promise<void> {
  const statuses = nc.status();
  await nc.reconnect();
  for await (const { type } of statuses) if (type === 'reconnect') return;
}

const taskId = uuid();
const held = { isHeld: true, recheck: async () => {} };
const holdsAll = (broker: Broker) => answerAsHolder(broker, logger, 'holder', () => held);

test('behind a restart of NATS the executor that is back first waits for the other one: its task is not taken over', async () => {
  await using executors = await twoExecutors();
  const { asking, asked } = executors;
  await reconnect(asking.nc);
  // No other executor is there yet, so the first question meets nobody.
  const answer = isHeldBy(asking, 'holder', taskId);
  await asking.nc.flush();
  holdsAll(asked);
  expect(await answer).toBe(true);
});

test('one that never comes back has lost its tasks, and one that answers is believed at once', async () => {
  await using executors = await twoExecutors();
  const { asking, asked } = executors;
  await reconnect(asking.nc);
  expect(await isHeldBy(asking, 'gone', taskId)).toBe(false);
  // So much time has passed that it must be back.
  expect(asking.reconnections.othersBackInMs).toBe(0);
  answerAsHolder(asked, logger, 'idle', () => undefined);
  await asked.nc.flush();
  expect(await isHeldBy(asking, 'idle', taskId)).toBe(false);
});
