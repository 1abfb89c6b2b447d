import { randomBytes, randomUUID } from 'node:crypto';
import { type Broker, createBroker, ensureConsumer, ensureTopology } from '@longhaul/broker';
import { createTopology } from '@longhaul/proto/wire';
import { connect } from '@nats-io/transport-node';
import { expect, inject, test } from 'vitest';
import { lookAhead, lookAheadRequests, releaseInOrder } from './lookAhead.ts';
import type { RequestMessage } from './requestMessage.ts';

/** A queue with requests of these bodies, in their order. */
async function queueOf(bodies: readonly string[]) {
  const nc = await connect({ servers: inject('natsUrl') });
  const broker: Broker = await createBroker(nc, createTopology(`l${randomBytes(6).toString('hex')}`));
  await ensureTopology(broker);
  const { requestStream, consumers, subjects } = broker.topology;
  const plan = consumers.requests('demo', 'normal');
  await ensureConsumer(broker, requestStream, plan);
  for (const body of bodies)
    await broker.js.publish(subjects.request({ id: randomUUID(), name: 'demo', priority: 'normal' }), body);
  const look = async () => {
    const requests = await lookAhead(broker, plan.durable_name);
    return { requests, bodies: requests.map(({ data }) => Buffer.from(data).toString()) };
  };
  return {
    look,
    release: (requests: readonly RequestMessage[]) => releaseInOrder(broker, requests),
    close: () => nc.close(),
    [Symbol.asyncDispose]: async () => {
      for (const stream of [requestStream, broker.topology.eventStream])
        if (!nc.isClosed()) await broker.jsm.streams.delete(stream).catch(() => {});
      await nc.close();
    },
  };
}
const numbered = (count: number) => Array.from({ length: count }, (_, n) => String(n));

test('a look takes what waits, in the order of the queue, and what is released comes back in that order', async () => {
  await using queue = await queueOf(numbered(300));
  for (let time = 0; time < 5; time += 1) {
    const { requests, bodies } = await queue.look();
    expect(bodies).toEqual(numbered(lookAheadRequests));
    await queue.release(requests);
  }
  // What is acknowledged is gone, and the rest moves up.
  const { requests } = await queue.look();
  for (const request of requests.filter((_, n) => n % 2 === 0)) request.ack();
  await queue.release(requests.filter((_, n) => n % 2 === 1));
  const { bodies } = await queue.look();
  expect(bodies).toEqual(numbered(300).filter(n => Number(n) >= lookAheadRequests || Number(n) % 2 === 1));
});

test('a look at an empty queue is over at once, and so is one on a closed connection', async () => {
  await using queue = await queueOf([]);
  expect((await queue.look()).bodies).toEqual([]);
  await queue.close();
  expect((await queue.look()).bodies).toEqual([]);
});

test('a look reads no more than a mebibyte', async () => {
  await using queue = await queueOf(Array.from({ length: 12 }, () => 'x'.repeat(200_000)));
  expect((await queue.look()).bodies).toHaveLength(5);
});
