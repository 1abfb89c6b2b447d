import { createTopology } from '@longhaul/proto/wire';
import { freshNamespace, within } from '@longhaul/testing';
import { taskEvent } from '@longhaul/testkit';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Broker, createBroker } from './broker.ts';
import { ensureTopology } from './ensureTopology.ts';
import { appendEvent } from './eventLog.ts';
import { awaitTaskEnd } from './taskEnd.ts';

let nc: NatsConnection;
let broker: Broker;
beforeAll(async () => {
  nc = await connect({ servers: inject('natsUrl') });
  broker = await createBroker(nc, createTopology(freshNamespace()));
  await ensureTopology(broker);
});
afterAll(async () => {
  const { requestStream, eventStream, bucketStream, payloadStream, scheduleBucketStream } = broker.topology;
  for (const name of [requestStream, eventStream, bucketStream, payloadStream, scheduleBucketStream])
    await broker.jsm.streams.delete(name);
  await nc.close();
});

const never = new AbortController().signal;
const started = taskEvent({ type: 'started', attempt: 1, executor: 'a' });
const completed = taskEvent({ type: 'completed', attempt: 1, executor: 'a', output: { sum: 6 } });
const newTask = () => ({ id: crypto.randomUUID(), name: 'demo.count' });
/** As it is when the connection was lost: nothing is heard. */
const deaf = (): Broker => ({
  ...broker,
  topology: {
    ...broker.topology,
    subjects: { ...broker.topology.subjects, live: () => 'nobody.publishes.here' },
  },
});
const noMore = new Promise<void>(() => {});

describe('the end of a task', () => {
  test('is found where it is stored already', async () => {
    const task = newTask();
    const { seq } = await appendEvent(broker, task, started, 0);
    await appendEvent(broker, task, completed, seq);
    expect(await awaitTaskEnd(deaf(), task, never, () => noMore)).toEqual(completed);
  });

  test('is heard, and what comes before it is not taken for it', async () => {
    const task = newTask();
    const waiting = Promise.withResolvers<void>();
    const end = awaitTaskEnd(broker, task, never, () => {
      waiting.resolve();
      return noMore;
    });
    await waiting.promise;
    const { seq } = await appendEvent(broker, task, started, 0);
    await appendEvent(broker, task, completed, seq);
    expect(await within('the end', end)).toEqual(completed);
  });

  test('that was not heard is found when the connection is back', async () => {
    const task = newTask();
    const looks: PromiseWithResolvers<void>[] = [];
    const asked = Promise.withResolvers<void>();
    const end = awaitTaskEnd(deaf(), task, never, () => {
      const look = Promise.withResolvers<void>();
      looks.push(look);
      asked.resolve();
      return look.promise;
    });
    await asked.promise;
    await appendEvent(broker, task, completed, 0);
    looks[0]?.resolve();
    expect(await within('the end', end)).toEqual(completed);
  });

  test('of a task that is nowhere any more was lost: the caller is told, and can run it again', async () => {
    const task = newTask();
    const gone = Promise.withResolvers<void>();
    const end = awaitTaskEnd(
      broker,
      task,
      never,
      () => noMore,
      async () => gone.resolve(),
    );
    await within('the question', gone.promise);
    await appendEvent(broker, task, completed, 0);
    expect(await within('the end', end)).toEqual(completed);
  });

  test('is not waited for any longer than the signal allows', async () => {
    const abort = new AbortController();
    const end = awaitTaskEnd(broker, newTask(), abort.signal, () => noMore);
    abort.abort(new Error('enough'));
    await expect(end).rejects.toThrow('enough');
  });
});
