import { askHolder, type Broker, createBroker, type NatsOptions, openConnection } from '@longhaul/broker';
import { createClient, type Tasks } from '@longhaul/client';
import { createExecutor } from '@longhaul/executor';
import { createGateway } from '@longhaul/gateway';
import { createTopology, inlineLimitBytes, type NatsUser } from '@longhaul/proto/wire';
import { deadlineMs, eventThat, recordThat, within } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { Svcm } from '@nats-io/services';
import type { NatsConnection } from '@nats-io/transport-node';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerAsHolder } from '../../services/executor/src/attempt/holder.ts';
import { newTaskId } from '../../services/gateway/src/tasks/start/idempotency.ts';
import { publishing, subscribing } from './deniedSubjects.ts';
import { type ConfiguredNats, startConfiguredNats } from './natsUsers.ts';

/** A whole system on the server configuration that is shipped, each part with its own user. */

let nats: ConfiguredNats;
let tasks: Tasks<ScriptedContract>;
let observer: Broker;
/** Reads records as a gateway does. */
let keeper: Broker;
const opened: (() => Promise<void>)[] = [];
/** What went wrong in the services: a permission that is missing shows here, also where nobody waits for it. */
const complaints: string[] = [];
const violations: string[] = [];
const logger = pino({ level: 'warn' }, { write: line => void complaints.push(line) });

async function connectAs(user: NatsUser): Promise<NatsConnection> {
  const { nc, close } = await openConnection(nats.as(user), `test ${user}`);
  opened.push(close);
  return nc;
}
/** A connection of a service, whose refusals are written down. */
async function serviceAs(user: NatsUser): Promise<NatsOptions> {
  const nc = await connectAs(user);
  void (async () => {
    for await (const status of nc.status())
      if (status.type === 'error') violations.push(`${user}: ${status.error.message}`);
  })();
  return nc;
}

beforeAll(async () => {
  nats = await startConfiguredNats();
  opened.push(() => nats[Symbol.asyncDispose]());
  observer = await createBroker(await connectAs('observer'), createTopology());
  keeper = await createBroker(await connectAs('gateway'), createTopology());
  const gateways = await Promise.all(
    [0, 1].map(async () =>
      createGateway({ contract: scriptedContract, nats: await serviceAs('gateway'), port: 0, logger }),
    ),
  );
  for (const gateway of gateways) opened.push(() => gateway.stop());
  for (let i = 0; i < 2; i += 1) {
    const executor = await createExecutor({
      contract: scriptedContract,
      handlers: scriptedHandlers,
      nats: await serviceAs('executor'),
      logger,
    });
    opened.push(() => executor.stop({ drainMs: 0 }));
  }
  tasks = createClient<ScriptedContract>({ url: gateways[0]?.url ?? '' });
});
afterAll(async () => {
  for (const close of opened.reverse()) await close();
});

describe('the three users serve a whole system', () => {
  it('children, and a pause of a running task', async () => {
    expect(await tasks.script.family.run({ echoes: 2 })).toMatchObject({
      output: { texts: ['child 0', 'child 1'] },
    });
    const walk = await tasks.script.walk.start({ steps: 200, stepMs: 10 });
    await eventThat(observer, 'it walks', ({ id, event }) => id === walk.id && event.type === 'started');
    await walk.pause();
    await eventThat(observer, 'it rests', ({ id, event }) => id === walk.id && event.type === 'paused');
    await walk.cancel();
    expect(await walk.outcome()).toMatchObject({ status: 'CANCELED' });
  });

  it('limits across executors', async () => {
    const input = { key: 'lift', forMs: 20 };
    const started = await tasks.script.oneByOne.startMany([{ input }, { input }, { input }]);
    const results = started.map(result => (result.ok ? result.task.result() : Promise.reject(result.error)));
    expect(await Promise.all(results)).toEqual([{ key: 'lift' }, { key: 'lift' }, { key: 'lift' }]);
  });

  it('start, progress, result, watch and record', async () => {
    const task = await tasks.script.count.start({ steps: 5, stepMs: 50 });
    const types: string[] = [];
    for await (const { type } of task.events()) types.push(type);
    expect(types).toContain('progress');
    expect(types.at(-1)).toBe('completed');
    expect(await task.result()).toEqual({ steps: 5 });
    const isEnded = ({ id, status }: { id: string; status: string }) =>
      id === task.id && status === 'COMPLETED';
    await recordThat(keeper, 'the record', isEnded);
    expect((await tasks.$tasks.list()).tasks.map(({ id }) => id)).toContain(task.id);
    expect(await tasks.script.echo.run({ text: 'x' })).toMatchObject({ status: 'COMPLETED' });
  });

  it('cancel, waiting and running; retry; many at once', async () => {
    const running = await tasks.script.hang.start({});
    await eventThat(observer, 'started', ({ id, event }) => id === running.id && event.type === 'started');
    expect(await running.cancel()).toMatchObject({ alreadyEnded: false });
    expect(await running.outcome()).toMatchObject({ status: 'CANCELED' });
    const later = await tasks.script.echo.start({ text: 'later' }, { delayMs: 60_000 });
    expect(await later.cancel()).toMatchObject({ status: 'CANCELED' });
    const failed = await tasks.script.fail.start({ declared: true });
    expect(await failed.outcome()).toMatchObject({ status: 'FAILED' });
    const again = await failed.retry();
    expect(await again.outcome()).toMatchObject({ status: 'FAILED' });
    expect(await tasks.$tasks.cancelMany()).toMatchObject({ failed: 0 });
  });

  it('start in the future, once for a key, and again after a lost answer', async () => {
    const later = await tasks.script.echo.start({ text: 'later' }, { delayMs: 300 });
    expect(await later.result()).toEqual({ text: 'later' });
    const keyed = await Promise.all(
      Array.from({ length: 5 }, () => tasks.script.echo.start({ text: 'a' }, { idempotencyKey: 'k' })),
    );
    expect(new Set(keyed.map(({ id }) => id)).size).toBe(1);
    await keyed[0]?.result();
  });

  it('pause and resume of a name', async () => {
    await tasks.$types.pause('script.echo');
    const waiting = await tasks.script.echo.start({ text: 'paused' });
    const paused = (await tasks.$types.list()).filter(type => type.paused).map(({ name }) => name);
    expect(paused).toEqual(['script.echo']);
    await tasks.$types.resume('script.echo');
    expect(await waiting.result()).toEqual({ text: 'paused' });
  });

  it('schedules, from their creation to their tasks', async () => {
    const { id } = await tasks.script.echo.schedule({ every: '1s', input: { text: 'tick' } });
    const fired = eventThat(
      observer,
      'the task of a firing',
      ({ name, event }) =>
        name === 'script.echo' && event.type === 'completed' && event.task?.scheduleId === id,
    );
    await fired;
    expect(await tasks.$schedules.pause(id)).toMatchObject({ paused: true });
    expect((await tasks.$schedules.list()).schedules).toHaveLength(1);
    expect(await tasks.$schedules.delete(id)).toMatchObject({ deleted: true });
  });

  it('large payloads, in and out', async () => {
    const text = 'x'.repeat(2 * inlineLimitBytes);
    const task = await tasks.script.echo.start({ text });
    expect(await task.result()).toEqual({ text });
    expect((await task.record()).input).toEqual({ text });
  });

  it('a child that nobody serves yet has its record, which a gateway has written', async () => {
    await tasks.$types.pause('script.echo');
    const family = await tasks.script.family.start({ echoes: 1 });
    // Sooner than gateways look through the queue by themselves.
    await within(
      'the record of a child',
      recordThat(keeper, 'it', ({ parent, status }) => parent?.id === family.id && status === 'PENDING'),
      5_000,
    );
    await tasks.$types.resume('script.echo');
    expect(await family.result()).toEqual({ texts: ['child 0'] });
  });

  it('the stock view of an observer: records, events, executors', async () => {
    const { bucketStream, eventStream } = observer.topology;
    const batch = async (stream: string) =>
      Array.fromAsync(await observer.jsm.direct.getBatch(stream, { seq: 1, batch: 10 }));
    expect((await batch(bucketStream)).map(({ subject }) => subject)).toContainEqual(
      expect.stringMatching(/^\$KV\.tasks\.local\./),
    );
    expect((await batch(eventStream)).length).toBeGreaterThan(0);
    const stored = observer.nc.subscribe('$KV.tasks.>', { max: 1 });
    await observer.nc.flush();
    await tasks.script.echo.run({ text: 'seen' });
    expect((await Array.fromAsync(stored))[0]?.json()).toMatchObject({ name: 'script.echo' });
    expect((await observer.jsm.consumers.list('TASKS').next()).map(({ name }) => name)).toContain(
      'script-echo-normal',
    );
    const services = await Array.fromAsync(
      await new Svcm(observer.nc)
        .client({ strategy: 'count', maxMessages: 2, maxWait: deadlineMs })
        .ping('executor'),
    );
    expect(services.map(({ name }) => name)).toEqual(['executor', 'executor']);
    const status = await observer.nc.request(observer.topology.subjects.executorStatus);
    expect(status.json()).toMatchObject({ v: 1, slots: 4 });
  });

  it('an executor asks another whether it is well', async () => {
    const [one, other] = await Promise.all(
      [0, 1].map(async () =>
        createBroker(await connectAs('executor'), createTopology(), { role: 'executor' }),
      ),
    );
    const isHeld = { isHeld: true, recheck: async () => {} };
    const answering = answerAsHolder(one as Broker, logger, 'one', () => isHeld);
    await one?.nc.flush();
    expect(await askHolder(other as Broker, 'one', newTaskId())).toBe('holds');
    answering.stop();
  });

  it('all of it again after a restart of the server', async () => {
    const running = await tasks.script.hang.start({});
    await eventThat(observer, 'started', ({ id, event }) => id === running.id && event.type === 'started');
    await nats.restart();
    // While the connections come back, calls may be answered that NATS is not there.
    await expect
      .poll(() => running.cancel().then(({ status }) => status, String), { timeout: deadlineMs })
      .toMatch(/^(STOPPING|CANCELED)$/);
    expect(await running.outcome()).toMatchObject({ status: 'CANCELED' });
    const task = await tasks.script.count.start({ steps: 3 });
    expect(await task.result()).toEqual({ steps: 3 });
  });

  it('nothing was missing on the way', () => {
    expect(violations).toEqual([]);
    expect(complaints.filter(line => /permission/i.test(line))).toEqual([]);
  });
});

describe('what is not granted is refused', () => {
  it.each(Object.keys(publishing) as NatsUser[])('%s', async user => {
    const nc = await connectAs(user);
    const refused: string[] = [];
    const wanted = [...publishing[user], ...subscribing[user]];
    const all = within(
      `${wanted.length} refusals`,
      (async () => {
        for await (const status of nc.status()) {
          if (status.type !== 'error') continue;
          const subject = /"([^"]+)"/.exec(status.error.message)?.[1];
          if (subject !== undefined) refused.push(subject);
          if (refused.length >= wanted.length) return;
        }
      })(),
    ).catch(() => {});
    for (const subject of publishing[user]) nc.publish(subject, '{}');
    for (const subject of subscribing[user]) nc.subscribe(subject, { callback: () => {} });
    await all;
    expect(refused.toSorted()).toEqual(wanted.toSorted());
  });

  it('nothing of that had an effect', async () => {
    expect(await tasks.script.echo.run({ text: 'still here' })).toMatchObject({ status: 'COMPLETED' });
    // What the executors have acknowledged leaves the queue, and nothing else was put into it.
    const waiting = async () => {
      const { state } = await observer.jsm.streams.info('TASKS', { subjects_filter: '>' });
      // A busy queue keeps a placeholder for a while.
      return Object.keys(state.subjects ?? {}).filter(subject => subject !== 'tasks.schedule.placeholder');
    };
    await expect.poll(waiting, { timeout: deadlineMs }).toEqual([]);
  });

  it('a wrong password, with what to do and without the password', async () => {
    const options = nats.as('gateway');
    const opening = createGateway({
      contract: scriptedContract,
      nats: { ...options, credentials: { kind: 'password', user: 'gateway', password: 'wrong-secret' } },
      port: 0,
      logger,
    });
    const error: unknown = await opening.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'BAD_NATS_CREDENTIALS',
      message: expect.stringMatching(/NATS_USER/),
    });
    expect(String(error)).not.toContain('wrong-secret');
    await expect(openConnection({ servers: nats.url }, 'nobody')).rejects.toThrow(/does not take/);
  });
});
