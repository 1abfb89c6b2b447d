import { createBroker, ensureConsumer, ensureTopology, IdSecret } from '@longhaul/broker';
import { createTopology, isTerminalEvent, type TaskRecord } from '@longhaul/proto/wire';
import { eventThat, freshNamespace, recordThat, startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { connect } from '@nats-io/transport-node';
import { expect, inject, it } from 'vitest';
import { isRepair, recordedLog } from './lines.ts';

/** What a deletion in NATS destroys, and what is brought back of it. */

async function system(more: object = {}) {
  const log = recordedLog();
  const stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    gateway: { logger: log.logger },
    ...more,
  });
  return { ...stack, log };
}

it('requests that were lost with their stream are published again from the records: of tasks that wait and of delayed ones', async () => {
  await using one = await system({ executors: 0 });
  const { broker, tasks } = one;
  const waiting = await tasks.script.echo.start({ text: 'waiting' });
  const due = await tasks.script.echo.start({ text: 'delayed' }, { delayMs: 4_000 });
  const canceled = await tasks.script.hang.start({});
  await canceled.cancel();
  await recordThat(broker, 'the record of the delayed task', ({ id }) => id === due.id);
  await recordThat(broker, 'the record of the waiting task', ({ id }) => id === waiting.id);
  await broker.jsm.streams.delete(broker.topology.requestStream);
  await within('the repair', one.log.lineThat(isRepair));
  await within(
    'what was published again is said',
    one.log.lineThat(({ msg }) => msg.startsWith('requests that were lost')),
  );
  await one.addExecutor();
  await expect(within('waiting', waiting.result())).resolves.toEqual({ text: 'waiting' });
  await expect(within('delayed', due.result())).resolves.toEqual({ text: 'delayed' });
  await expect(canceled.outcome()).resolves.toMatchObject({ status: 'CANCELED' });
  const started = (await one.events(waiting.id)).filter(({ event }) => event.type === 'completed');
  expect(started).toHaveLength(1);
});

it('a task that runs while the request stream and the event stream are deleted is run by nobody else, and is still not lost with its executor', async () => {
  await using one = await system({ executors: 1 });
  const { broker, tasks } = one;
  const task = await tasks.script.hang.start({});
  await recordThat(broker, 'its start', ({ id, status }) => id === task.id && status === 'RUNNING');
  const { requestStream, eventStream } = broker.topology;
  await Promise.all([requestStream, eventStream].map(name => broker.jsm.streams.delete(name)));
  const second = await one.addExecutor();
  // Its own executor writes again that it holds the task.
  await eventThat(
    broker,
    'started',
    ({ id, event }) => id === task.id && event.type === 'started' && event.attempt === 1,
  );
  // Only when that is gone another one is given it.
  await one.executors[0]?.stop({ drainMs: 0 });
  const again = await eventThat(
    broker,
    'started elsewhere',
    ({ id, event }) => id === task.id && event.type === 'started' && event.executor === second.id,
  );
  expect(again.event).toMatchObject({ type: 'started' });
  await task.cancel();
  await expect(within('its end', task.outcome())).resolves.toMatchObject({ status: 'CANCELED' });
});

it('a late acknowledgement of an earlier queue takes no request off the new one', async () => {
  await using one = await system({ executors: 0 });
  const { broker, tasks } = one;
  const { jsm, js, topology } = broker;
  const plan = topology.consumers.requests('script.echo', 'normal');
  const first = await tasks.script.echo.start({ text: 'first' });
  await ensureConsumer(broker, topology.requestStream, plan);
  const consumer = await js.consumers.get(topology.requestStream, plan.durable_name);
  const taken = await consumer.next({ expires: 5_000 });
  expect(taken?.subject).toContain(first.id);
  await jsm.streams.delete(topology.requestStream);
  await within('the repair', one.log.lineThat(isRepair));
  await ensureConsumer(broker, topology.requestStream, plan);
  const retaken = await (await js.consumers.get(topology.requestStream, plan.durable_name)).next({
    expires: 10_000,
  });
  expect(retaken?.subject).toContain(first.id);
  taken?.ack();
  await broker.nc.flush();
  const { num_ack_pending } = await jsm.consumers.info(topology.requestStream, plan.durable_name);
  expect(num_ack_pending).toBe(1);
  expect(retaken?.seq).toBeGreaterThan(taken?.seq ?? 0);
});

it('a process that starts while a stream is gone makes it behind all that ever was', async () => {
  const nc = await connect({ servers: inject('natsUrl') });
  const broker = await createBroker(nc, createTopology(freshNamespace()));
  const { topology, jsm, js } = broker;
  const { requestStream, eventStream, bucketStream } = topology;
  const firstOf = async (name: string) => (await jsm.streams.info(name)).state.first_seq;
  await ensureTopology(broker);
  // A first start begins at 1; nothing is stored yet, so a second one does, too.
  expect([await firstOf(requestStream), await firstOf(eventStream)]).toEqual([0, 0]);
  await js.publish(topology.subjects.placeholder, '');
  await jsm.streams.delete(eventStream);
  await ensureTopology(broker);
  const first = await firstOf(eventStream);
  expect(first).toBeGreaterThan(1_000_000_000);
  expect(Number.isSafeInteger(first)).toBe(true);
  for (const name of [requestStream, eventStream, bucketStream]) await jsm.streams.delete(name);
  await nc.close();
});

it('the secret of keyed ids comes back as it was, so that keys keep their tasks', async () => {
  await using one = await system({ executors: 0, gateways: 2 });
  const { broker, tasks } = one;
  const start = () => tasks.script.echo.start({ text: 'keyed' }, { idempotencyKey: 'k' });
  const { id } = await start();
  await broker.jsm.streams.delete(broker.topology.secretBucketStream);
  await within('the repair', one.log.lineThat(isRepair));
  for (const { url } of one.gateways)
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { timeout: 30_000 }).toBe(200);
  expect((await start()).id).toBe(id);
  const third = await one.addGateway();
  const elsewhere = await one.tasksOf(third).script.echo.start({ text: 'keyed' }, { idempotencyKey: 'k' });
  expect(elsewhere.id).toBe(id);
});

it('a gateway that starts first makes a new secret, and those that run take it over', async () => {
  const nc = await connect({ servers: inject('natsUrl') });
  const broker = await createBroker(nc, createTopology(freshNamespace()));
  const running = await IdSecret.open(broker);
  const earlier = running.bytes;
  await broker.jsm.streams.delete(broker.topology.secretBucketStream);
  const started = await IdSecret.open(broker);
  await running.stream.ensure();
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  expect(hex(running.bytes)).toBe(hex(started.bytes));
  expect(hex(running.bytes)).not.toBe(hex(earlier));
  await broker.jsm.streams.delete(broker.topology.secretBucketStream);
  await nc.close();
});

it('records of waiting tasks come back from their requests when the bucket of records was deleted', async () => {
  await using one = await system({ executors: 0 });
  const { broker, tasks } = one;
  const task = await tasks.script.echo.start({ text: 'waiting' });
  await recordThat(broker, 'its record', ({ id }) => id === task.id);
  await broker.jsm.streams.delete(broker.topology.bucketStream);
  await within('the repair', one.log.lineThat(isRepair));
  const listed = async () => (await tasks.$tasks.list()).tasks.map(({ id }) => id);
  await expect.poll(listed, { timeout: 25_000 }).toEqual([task.id]);
}, 40_000);

it('a log that begins with a foreign message still carries the request in its first event', async () => {
  await using one = await system();
  const { broker, tasks } = one;
  const task = await tasks.script.echo.start({ text: 'late' }, { delayMs: 1_000 });
  const subject = broker.topology.subjects.event({ id: task.id, name: 'script.echo' }, 'life');
  await broker.js.publish(subject, '{"not": "an event"}');
  await expect(within('its end', task.result())).resolves.toEqual({ text: 'late' });
  const [first] = await one.events(task.id);
  expect(first?.event.task?.input).toEqual({ text: 'late' });
});

it('a watcher of everything that comes back after the event stream was created again is given all that is in it', async () => {
  await using one = await system();
  const { broker, tasks } = one;
  const before = await tasks.script.echo.start({ text: 'before' });
  await before.result();
  const last = (await one.events()).at(-1)?.seq ?? 0;
  await broker.jsm.streams.delete(broker.topology.eventStream);
  await within('the repair', one.log.lineThat(isRepair));
  const after = await tasks.script.echo.start({ text: 'after' });
  await after.result();
  const inNew = (await one.events()).map(({ seq }) => String(seq));
  // It begins a million sequences later: far more than the 10,000 events that a caller may read again.
  expect(Number(inNew[0])).toBeGreaterThan(last + 10_000);
  const seen: string[] = [];
  const leaving = new AbortController();
  for await (const event of tasks.$tasks.watch({ lastEventId: String(last), signal: leaving.signal })) {
    if (event.type === 'open') expect(event).not.toHaveProperty('missed');
    else seen.push(event.eventId);
    if (seen.length === inNew.length) leaving.abort();
  }
  expect(seen).toEqual(inNew);
});

it('a parent that runs again runs a child again whose end was deleted with the event stream, instead of waiting for ever', async () => {
  await using one = await system();
  const { broker, tasks } = one;
  const parent = await tasks.script.family.start({ echoes: 1, hangs: 1 });
  const isChild = ({ name, status }: TaskRecord) => name === 'script.echo' && status === 'COMPLETED';
  const { id } = await recordThat(broker, 'the end of a child', isChild);
  await broker.jsm.streams.delete(broker.topology.eventStream);
  await within('the repair', one.log.lineThat(isRepair));
  await one.addExecutor();
  await one.executors[0]?.stop({ drainMs: 0 });
  await eventThat(
    broker,
    'the child ends again',
    stored => stored.id === id && isTerminalEvent(stored.event),
  );
  await parent.cancel();
  await expect(within('its end', parent.outcome())).resolves.toMatchObject({ status: 'CANCELED' });
});

it('a parent that waits for a child whose end was deleted with the event stream has it run again', async () => {
  const deleted = Promise.withResolvers<void>();
  const { script } = scriptedHandlers;
  const family: typeof script.family = async ({ tasks }) => {
    const child = await tasks(scriptedContract).script.echo.start({ text: 'child' });
    await deleted.promise;
    return { texts: [(await child.result()).text] };
  };
  await using one = await system({ handlers: { script: { ...script, family } } });
  const { broker, tasks } = one;
  const parent = await tasks.script.family.start({});
  const isChild = ({ name, status }: TaskRecord) => name === 'script.echo' && status === 'COMPLETED';
  await recordThat(broker, 'the end of the child', isChild);
  await broker.jsm.streams.delete(broker.topology.eventStream);
  await within('the repair', one.log.lineThat(isRepair));
  deleted.resolve();
  await expect(within('its result', parent.result())).resolves.toEqual({ texts: ['child'] });
});
