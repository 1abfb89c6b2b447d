import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Broker, ensureConsumer } from '@longhaul/broker';
import { startNatsServer } from '@longhaul/nats-server';
import { recordThat, startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { connect } from '@nats-io/transport-node';
import { describe, type ExpectStatic, inject, test } from 'vitest';
import { isLoss, isRepair, type LogLine, recordedLog } from './lines.ts';

/** A person deletes, empties or changes what Longhaul keeps in NATS while it runs: it heals, and says what was lost. */

async function system(natsUrl = inject('natsUrl')) {
  const gatewayLog = recordedLog();
  const executorLog = recordedLog();
  const stack = await startStack({
    natsUrl,
    contract: scriptedContract,
    handlers: scriptedHandlers,
    gateway: { logger: gatewayLog.logger },
    executor: { logger: executorLog.logger },
  });
  const url = stack.gateways[0]?.url ?? '';
  const ready = async () => {
    const answer = await fetch(`${url}/readyz`);
    return { code: answer.status, ...((await answer.json()) as { readonly why?: string }) };
  };
  return { ...stack, gatewayLog, executorLog, ready };
}
type System = Awaited<ReturnType<typeof system>>;

/** Tasks run, their records are right, and schedules fire. */
async function expectWell({ tasks, broker }: System, round: string, expect: ExpectStatic): Promise<void> {
  const { echo, count } = tasks.script;
  const started = await echo.start({ text: round });
  await expect(within('a result', started.result())).resolves.toEqual({ text: round });
  const counted = await count.start({ steps: 3 });
  await recordThat(
    broker,
    'the record of a task started afterwards',
    ({ id, status }) => id === counted.id && status === 'COMPLETED',
  );
  const listed = async () => (await tasks.$tasks.list()).tasks.map(({ id, status }) => `${id} ${status}`);
  await expect.poll(listed, { timeout: 30_000 }).toContain(`${counted.id} COMPLETED`);
  await echo.schedule({ id: round, every: '1s', input: { text: round } });
  await recordThat(
    broker,
    'the record of a task that a schedule started',
    ({ scheduleId, status }) => scheduleId === round && status === 'COMPLETED',
  );
}

type Loss = {
  readonly what: (broker: Broker) => string;
  readonly lose: (broker: Broker) => Promise<unknown>;
};
type Streams =
  | 'requestStream'
  | 'eventStream'
  | 'bucketStream'
  | 'scheduleBucketStream'
  | 'limitBucketStream'
  | 'secretBucketStream'
  | 'payloadStream';
const deletedStream = (stream: Streams): Loss => ({
  what: ({ topology }) => topology[stream],
  lose: ({ jsm, topology }) => jsm.streams.delete(topology[stream]),
});
const deletedConsumer = (stream: Streams, durable: string): Loss => ({
  what: ({ topology }) => `${topology[stream]}/${durable}`,
  lose: ({ jsm, topology }) => jsm.consumers.delete(topology[stream], durable),
});

const losses: Record<string, Loss> = {
  'the event stream is deleted': deletedStream('eventStream'),
  'the request stream is deleted': deletedStream('requestStream'),
  'the bucket of records is deleted': deletedStream('bucketStream'),
  'the bucket of schedules is deleted': deletedStream('scheduleBucketStream'),
  'the bucket of limits is deleted': deletedStream('limitBucketStream'),
  'the bucket of secrets is deleted': deletedStream('secretBucketStream'),
  'the object store is deleted': deletedStream('payloadStream'),
  'the projection consumer is deleted': deletedConsumer('eventStream', 'projection'),
  'the consumer of schedules is deleted': deletedConsumer('requestStream', 'schedules'),
  'a consumer of requests is deleted': deletedConsumer('requestStream', 'script-echo-normal'),
  'the event stream is changed': {
    what: ({ topology }) => topology.eventStream,
    lose: ({ jsm, topology }) => jsm.streams.update(topology.eventStream, { max_age: 3_600_000_000_000 }),
  },
  'the event stream is created again by hand, and counts from 1 again': {
    what: ({ topology }) => topology.eventStream,
    lose: async ({ jsm, topology }) => {
      const { config } = await jsm.streams.info(topology.eventStream);
      await jsm.streams.delete(topology.eventStream);
      await jsm.streams.add({ ...config, first_seq: 1 }).catch(() => {});
    },
  },
  'everything is deleted': {
    what: ({ topology }) => topology.eventStream,
    lose: async ({
      jsm,
      topology: {
        requestStream,
        eventStream,
        bucketStream,
        scheduleBucketStream,
        limitBucketStream,
        payloadStream,
      },
    }) =>
      Promise.all(
        [
          requestStream,
          eventStream,
          bucketStream,
          scheduleBucketStream,
          limitBucketStream,
          payloadStream,
        ].map(name => jsm.streams.delete(name)),
      ),
  },
};

describe.concurrent('a running system heals when', () => {
  test.for(Object.entries(losses))('%s', async ([_name, { what, lose }], { expect }) => {
    await using one = await system();
    await expectWell(one, 'before', expect);
    await lose(one.broker);
    const name = what(one.broker);
    const ofPart = (line: LogLine) => JSON.stringify(line.parts).includes(`"${name}"`);
    const log = name.includes('script-echo') ? one.executorLog : one.gatewayLog;
    await within(
      'what was lost is said',
      log.lineThat(line => isLoss(line) && ofPart(line)),
    );
    await within(
      'the repair',
      log.lineThat(line => isRepair(line) && ofPart(line)),
    );
    await expect.poll(one.ready, { timeout: 30_000 }).toMatchObject({ code: 200 });
    await expectWell(one, 'after', expect);
    // Once for each loss, not once for each thing that noticed it.
    expect(one.gatewayLog.lines.filter(isLoss).length).toBeLessThanOrEqual(2);
  });
});

/** Has a stream of somebody else take a subject of ours, so that ours cannot be made. */
async function block({ jsm, topology }: Broker): Promise<AsyncDisposable> {
  const name = `${topology.namespace}-foreign`;
  await jsm.streams.add({ name, subjects: [topology.subjects.allEvents], storage: 'memory' });
  return { [Symbol.asyncDispose]: async () => void (await jsm.streams.delete(name)) };
}

test('until the event stream is back, readyz is 503 with the reason and starts are refused with TOPOLOGY_LOST', async ({
  expect,
}) => {
  await using one = await system();
  const { broker, tasks, gatewayLog } = one;
  {
    await broker.jsm.streams.delete(broker.topology.eventStream);
    await using _blocked = await blockUntilDone(broker);
    await expect
      .poll(one.ready, { timeout: 30_000 })
      .toMatchObject({ code: 503, why: expect.stringContaining(broker.topology.eventStream) });
    await expect(tasks.script.echo.start({ text: 'a' })).rejects.toMatchObject({
      data: { reason: 'TOPOLOGY_LOST', httpStatus: 503 },
    });
    const rest = await fetch(`${one.gateways[0]?.url}/v1/tasks/script.echo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: 'a' }),
    });
    expect([rest.status, (await rest.json()) as unknown]).toMatchObject([503, { code: 'TOPOLOGY_LOST' }]);
    // Starts are refused from the loss on, before the first repair has failed.
    await within('the reason, in the log', gatewayLog.lineThat(cannotBeRepaired));
  }
  await expect.poll(one.ready, { timeout: 20_000 }).toMatchObject({ code: 200 });
  await expectWell(one, 'after', expect);
  expect(gatewayLog.lines.filter(cannotBeRepaired)).toHaveLength(1);
});

const cannotBeRepaired = ({ msg }: LogLine) => msg.startsWith('what Longhaul keeps in NATS cannot');

/** The guards may be faster; then their stream is deleted again. */
async function blockUntilDone(broker: Broker): Promise<AsyncDisposable> {
  for (;;) {
    try {
      return await block(broker);
    } catch {
      await broker.jsm.streams.delete(broker.topology.eventStream).catch(() => {});
    }
  }
}

test('a task that runs while the event stream is deleted still ends, with its record', async ({ expect }) => {
  await using one = await system();
  const { broker, tasks } = one;
  const task = await tasks.script.count.start({ steps: 30, stepMs: 100 });
  await recordThat(broker, 'progress', ({ id, progress }) => id === task.id && progress !== undefined);
  await broker.jsm.streams.delete(broker.topology.eventStream);
  await within('the repair', one.gatewayLog.lineThat(isRepair));
  await recordThat(broker, 'its end', ({ id, status }) => id === task.id && status === 'COMPLETED');
  await expect(within('its result', task.result())).resolves.toEqual({ steps: 30 });
});

test('an emptied NATS store: starts work again', async ({ expect }) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'longhaul-emptied-'));
  await using nats = await startNatsServer({ dataDir });
  await using one = await system(nats.url);
  await expectWell(one, 'before', expect);
  await nats.stop();
  await rm(join(dataDir, 'jetstream'), { recursive: true });
  await nats.restart();
  await within('the repair', one.gatewayLog.lineThat(isRepair));
  await expect.poll(one.ready, { timeout: 20_000 }).toMatchObject({ code: 200 });
  await expectWell(one, 'after', expect);
  expect(one.gatewayLog.lines.filter(isLoss)).toHaveLength(1);
});

test('consumers whose files the server has lost are created again', async ({ expect }) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'longhaul-filesless-'));
  await using nats = await startNatsServer({ dataDir });
  await using one = await system(nats.url);
  const { broker, tasks, gateways } = one;
  await expectWell(one, 'before', expect);
  await tasks.$types.pause('script.walk');
  const { consumers, requestStream, eventStream } = broker.topology;
  const walk = consumers.requests('script.walk', 'normal').durable_name;
  const lost = [
    [requestStream, consumers.schedules.durable_name],
    [requestStream, walk],
    [eventStream, consumers.projection.durable_name],
  ] as const;
  // What a deletion leaves behind that races with a creation: the server has them in memory alone.
  for (const [stream, name] of lost) {
    const folder = join(dataDir, 'jetstream', '$G', 'streams', stream, 'obs', name);
    await access(folder);
    await rm(folder, { recursive: true });
  }
  // Both ensure all of their consumers when they start.
  await Promise.all([one.addGateway(), one.addExecutor(), one.addExecutor()]);
  await gateways[0]?.stop();
  await nats.restart();
  for (const [stream, name] of lost)
    await expect
      .poll(() => broker.jsm.consumers.info(stream, name).catch(() => undefined), { timeout: 20_000 })
      .toMatchObject({ name });
  const { config } = await broker.jsm.consumers.info(requestStream, walk);
  expect(Date.parse(config.pause_until ?? '')).toBeGreaterThan(Date.now());
  const second = one.tasksOf(gateways[1] ?? { url: '' });
  await expectWell({ ...one, tasks: second }, 'after', expect);
});

test('a paused consumer stays paused whoever creates it again first', async ({ expect }) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'longhaul-filesless-'));
  await using nats = await startNatsServer({ dataDir });
  await using one = await system(nats.url);
  const { broker, tasks } = one;
  await tasks.$types.pause('script.walk');
  const { consumers, requestStream } = broker.topology;
  const plan = consumers.requests('script.walk', 'normal');
  const pausedUntil = async () =>
    (await broker.jsm.consumers.info(requestStream, plan.durable_name)).config.pause_until;
  const before = await pausedUntil();
  await rm(join(dataDir, 'jetstream', '$G', 'streams', requestStream, 'obs', plan.durable_name), {
    recursive: true,
  });
  // Another process ensures the consumer right after this one has deleted it, and knows nothing of the pause.
  let overtook = 0;
  const overtaken = new Proxy(broker.jsm.consumers, {
    get: (api, name) =>
      name === 'delete'
        ? async (...what: [string, string]) => {
            await api.delete(...what);
            await ensureConsumer(broker, requestStream, plan);
            overtook += 1;
            return true;
          }
        : Reflect.get(api, name).bind(api),
  });
  await ensureConsumer(
    { ...broker, jsm: { consumers: overtaken } as unknown as Broker['jsm'] },
    requestStream,
    plan,
  );
  expect([overtook, await pausedUntil()]).toEqual([1, before]);
});

test('a server that restarts refuses every pull: one look and one line for all of them', async ({
  expect,
}) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'longhaul-pulls-'));
  await using nats = await startNatsServer({ dataDir });
  await using one = await system(nats.url);
  let asked = 0;
  const nc = await connect({ servers: nats.url });
  await nats.stop();
  await nats.restart();
  await expect.poll(() => nc.isClosed() || nc.getServer() !== '', { timeout: 30_000 }).toBe(true);
  nc.subscribe('$JS.API.CONSUMER.CREATE.>', {
    callback: () => {
      asked += 1;
    },
  });
  await expectWell(one, 'after', expect);
  await nc.close();
  // Watches make a few of their own; ensuring the executor's 42 again and again would be hundreds.
  expect(asked).toBeLessThan(20);
  const lines = one.executorLog.lines.filter(({ msg }) => msg.startsWith('pulls are refused'));
  expect(lines.length).toBeLessThanOrEqual(2);
});
