import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Broker, encode, ensureTopology } from '@longhaul/broker';
import type { Tasks } from '@longhaul/client';
import { startNatsServer } from '@longhaul/nats-server';
import type { Fire, ScheduleChanges, ScheduleRecord, TaskRecord } from '@longhaul/proto/wire';
import { deadlineMs, recordThat, startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers, spawnGateway } from '@longhaul/testkit';
import type { NatsConnection } from '@nats-io/transport-node';
import { describe, expect, inject, it } from 'vitest';
import { armed, scheduleThat, waitingFirings } from '../api/scheduleWaits.ts';

const system = (more: object = {}) =>
  startStack({ natsUrl: inject('natsUrl'), contract: scriptedContract, handlers: scriptedHandlers, ...more });

const secondMs = 1_000;
const hourMs = 60 * 60 * secondMs;
/** An instant so long ago, in whole seconds. */
const ago = (ms: number) => new Date(Math.floor((Date.now() - ms) / secondMs) * secondMs).toISOString();

const createdAt = ago(24 * hourMs);
const schedule: ScheduleRecord = {
  v: 1,
  id: 'ticker',
  owner: 'local',
  name: 'script.echo',
  input: { text: 'tick' },
  every: '1s',
  overlap: 'queue',
  misfire: 'one',
  misfireAfterMs: 60_000,
  priority: 'normal',
  paused: false,
  createdAt,
  firings: [],
  counts: { started: 0, skipped: 0, missed: 0, failed: 0 },
};
const fire: Fire = { v: 1, owner: 'local', id: 'ticker', createdAt };

/** Writes a schedule's record, as a gateway does that dies right afterwards. */
async function writeRecord(broker: Broker, record: ScheduleRecord): Promise<void> {
  await ensureTopology(broker);
  await broker.js.publish(broker.topology.scheduleSubject(record.owner, record.id), encode(record));
}

/** Publishes a firing as the server does when its time has come. */
const publishFire = ({ js, topology }: Broker, at: string) =>
  js.publish(topology.subjects.fire(fire), encode({ ...fire, at }));

/** The times of a schedule that have a task, in order, as the tasks' keys tell. */
function timesWithTask(tasks: readonly TaskRecord[], id: string): string[] {
  const keys = tasks
    .filter(({ scheduleId }) => scheduleId === id)
    .map(({ idempotencyKey = '' }) => idempotencyKey);
  return keys.map(key => key.slice(key.lastIndexOf(' ') + 1)).sort();
}

/** Every second from the first to the last has one task: none is missing, and none has two. */
function expectEverySecond(times: readonly string[]): void {
  const steps = times.slice(1).map((time, i) => Date.parse(time) - Date.parse(times[i] ?? ''));
  expect(steps.filter(step => step !== secondMs)).toEqual([]);
}

/** Waits until a schedule has started one task more. */
async function oneMore(broker: Broker, id: string): Promise<void> {
  const now = await scheduleThat(broker, 'the schedule', schedule => schedule.id === id);
  await scheduleThat(
    broker,
    'another firing',
    schedule => schedule.id === id && schedule.counts.started > now.counts.started,
  );
}

describe('each firing becomes exactly one task', () => {
  it('while gateways are killed around it', async () => {
    await using stack = await system({ gateways: 0 });
    const { broker, namespace } = stack;
    const gateway = () => spawnGateway({ natsUrl: inject('natsUrl'), namespace });
    const gateways = await Promise.all([gateway(), gateway()]);
    try {
      const ids = ['a', 'b', 'c', 'd'];
      for (const id of ids)
        await stack
          .tasksOf(gateways[0]!)
          .script.echo.schedule({ every: '1s', overlap: 'queue', id, input: { text: id } });
      for (let round = 0; round < 2; round += 1) {
        await oneMore(broker, 'a');
        // Right then the firings of the other schedules are under way, one by one, at both gateways.
        await gateways[round % 2]?.kill();
        gateways[round % 2] = await gateway();
      }
      const { $schedules } = stack.tasksOf(gateways[0]!);
      for (const id of ids) await $schedules.pause(id);
      await expect.poll(() => waitingFirings(broker), { timeout: deadlineMs }).toBe(0);
      const { schedules } = await $schedules.list();
      const started = schedules.reduce((sum, { counts }) => sum + counts.started, 0);
      const tasks = async () => (await stack.records()).filter(({ scheduleId }) => scheduleId !== undefined);
      await expect.poll(async () => (await tasks()).length, { timeout: deadlineMs }).toBe(started);
      for (const id of ids) {
        const times = timesWithTask(await tasks(), id);
        expect(times.length).toBeGreaterThanOrEqual(4);
        expectEverySecond(times);
      }
    } finally {
      await Promise.all(gateways.map(each => each.kill()));
    }
  }, 120_000);

  const at = ago(secondMs);
  const later = ago(-hourMs / 2);
  const unknown = '01890000-0000-8000-8000-000000000000';
  const starting = { at, decidedAt: at, outcome: 'starting', taskId: unknown } as const;
  const hourly = { ...schedule, every: '1h', anchor: ago(23.5 * hourMs) };
  const decided = { ...hourly, next: later, firings: [starting] };
  const start = (stack: { readonly tasks: Tasks<typeof scriptedContract> }) =>
    stack.tasks.script.echo.start({ text: 'tick' }, { idempotencyKey: `schedule ticker ${createdAt} ${at}` });

  it.each<[string, ScheduleRecord, boolean]>([
    ['before it was decided', { ...hourly, next: at }, false],
    ['between the decision and the arming', decided, false],
    ['also where it was paused then', { ...decided, paused: true }, false],
    ['between the start of its task and writing that down', decided, true],
    [
      'before the acknowledgement',
      {
        ...decided,
        firings: [{ ...starting, outcome: 'started' }],
        counts: { ...schedule.counts, started: 1 },
      },
      true,
    ],
  ])(
    'a gateway died %s: two others that get the firing, again and again, make one task',
    async (_when, record, hasTask) => {
      await using stack = await system({ gateways: hasTask ? 1 : 0, executors: 0 });
      const { broker } = stack;
      const taskId = hasTask ? (await start(stack)).id : unknown;
      await Promise.all(stack.gateways.splice(0).map(gateway => gateway.stop()));
      await writeRecord(broker, { ...record, firings: record.firings.map(each => ({ ...each, taskId })) });
      for (let i = 0; i < 6; i += 1) await publishFire(broker, at);
      await Promise.all([stack.addGateway(), stack.addGateway()]);
      await expect.poll(() => waitingFirings(broker), { timeout: deadlineMs }).toBe(0);
      const now = await scheduleThat(broker, 'its task', ({ counts }) => counts.started === 1);
      expect(now.firings).toMatchObject([{ at, outcome: 'started' }]);
      expect(now.next).toBe(record.paused ? record.next : later);
      expect(await armed(broker)).toEqual(record.paused ? [] : ['local.ticker']);
      await recordThat(broker, 'its task', task => task.id === now.firings[0]?.taskId);
      expect(await stack.records()).toHaveLength(1);
    },
  );

  it('or a failure that says why, when the task can no longer be started so', async () => {
    await using stack = await system({ gateways: 0, executors: 0 });
    await stack.addGateway();
    await writeRecord(stack.broker, { ...hourly, next: at, input: { text: 17 } });
    await publishFire(stack.broker, at);
    const { firings, lastTask } = await scheduleThat(
      stack.broker,
      'a failed firing',
      ({ counts }) => counts.failed === 1,
    );
    expect(firings).toMatchObject([{ outcome: 'failed', error: { code: 'INVALID_INPUT' } }]);
    expect(lastTask).toBeUndefined();
  });

  it('also where it is changed all the time, at two gateways: no time is lost, and none fires twice', async () => {
    await using stack = await system({ gateways: 2, executors: 0 });
    const [one, other] = stack.gateways.map(gateway => stack.tasksOf(gateway).$schedules);
    await one?.create({
      name: 'script.echo',
      input: { text: '0' },
      every: '1s',
      id: 'ticker',
      overlap: 'queue',
    });
    const ticks = (count: number) =>
      scheduleThat(stack.broker, 'ticks', ({ counts }) => counts.started >= count);
    const done = Promise.withResolvers<void>();
    let changes = 0;
    // Both say "every second", so that every second has to have its task.
    const change = async (api: typeof one, settings: readonly ScheduleChanges[]) => {
      for (let isDone = false; !isDone; ) {
        for (const setting of settings) {
          changes += 1;
          await api?.update('ticker', { ...setting, input: { text: `${changes}` } });
        }
        isDone = await Promise.race([done.promise.then(() => true), nextTurn(false)]);
      }
    };
    const changing = Promise.all([
      change(one, [{ every: '1s' }, { overlap: 'queue' }]),
      change(other, [{ cron: '* * * * * *' }, { misfire: 'all' }]),
    ]);
    await ticks(5);
    done.resolve();
    await changing;
    await one?.pause('ticker');
    await expect.poll(() => waitingFirings(stack.broker), { timeout: deadlineMs }).toBe(0);
    const { counts } = (await one?.get('ticker')) ?? {};
    await expect
      .poll(async () => (await stack.records()).length, { timeout: deadlineMs })
      .toBe(counts?.started);
    expect(changes).toBeGreaterThan(5);
    expectEverySecond(timesWithTask(await stack.records(), 'ticker'));
  });
});

describe('times that passed while every gateway was down', () => {
  // Due 150, 90 and 30 minutes ago.
  const down = { ...schedule, every: '1h', anchor: ago(3.5 * hourMs), next: ago(2.5 * hourMs) };
  it.each([
    ['skip', { started: 0, missed: 3 }],
    ['one', { started: 1, missed: 2 }],
    ['all', { started: 3, missed: 0 }],
  ] as const)('misfire %s, by two gateways at once: %j', async (misfire, counts) => {
    await using stack = await system({ gateways: 0, executors: 0 });
    await writeRecord(stack.broker, { ...down, misfire });
    await Promise.all([stack.addGateway(), stack.addGateway()]);
    const total = counts.started + counts.missed;
    const now = await scheduleThat(
      stack.broker,
      'all times are decided',
      one => one.counts.started + one.counts.missed === total,
    );
    expect(now.counts).toMatchObject(counts);
    expect(Date.parse(now.next ?? '') - Date.parse(down.next)).toBe(3 * hourMs);
    await expect
      .poll(async () => (await stack.records()).length, { timeout: deadlineMs })
      .toBe(counts.started);
    expect(timesWithTask(await stack.records(), 'ticker').at(-1)).toBe(
      counts.started === 0 ? undefined : new Date(Date.parse(down.next) + 2 * hourMs).toISOString(),
    );
  });

  it('misfire all makes up for the newest hundred, and counts the others as missed', async () => {
    await using stack = await system({ gateways: 0, executors: 0 });
    const next = ago(800 * secondMs);
    await writeRecord(stack.broker, {
      ...schedule,
      cron: '* * * * * *',
      every: undefined,
      misfire: 'all',
      misfireAfterMs: 1_000,
      next,
    });
    await Promise.all([stack.addGateway(), stack.addGateway()]);
    const now = await scheduleThat(
      stack.broker,
      'the newest are started',
      ({ counts }) => counts.started >= 100,
    );
    expect(now.counts.missed).toBeGreaterThanOrEqual(700);
    expect(now.counts.started).toBeLessThan(130);
    await stack.tasksOf(stack.gateways[0]!).$schedules.pause('ticker');
    await expect.poll(() => waitingFirings(stack.broker), { timeout: deadlineMs }).toBe(0);
    const times = timesWithTask(await stack.records(), 'ticker');
    expectEverySecond(times);
    expect((Date.parse(times[0] ?? '') - Date.parse(next)) / secondMs).toBe(now.counts.missed);
  });
});

describe('what a crash left', () => {
  it('a schedule that was not armed is armed by the next gateway', async () => {
    await using stack = await system({ gateways: 0 });
    await writeRecord(stack.broker, schedule);
    await stack.addGateway();
    await scheduleThat(stack.broker, 'a firing', ({ counts }) => counts.started > 0);
    expect(await armed(stack.broker)).toEqual(['local.ticker']);
  });

  it.each([
    ['of no schedule', undefined],
    ['of one that is paused', { ...schedule, paused: true }],
  ])('a message schedule %s goes when it fires, and starts nothing', async (_what, record) => {
    await using stack = await system({ executors: 0 });
    const { js, topology } = stack.broker;
    if (record) await writeRecord(stack.broker, record);
    const target = topology.subjects.fire(fire);
    await js.publish(topology.subjects.recurring(fire), encode(fire), {
      schedule: { specification: '@every 1s', target },
    });
    await expect.poll(() => armed(stack.broker), { timeout: deadlineMs }).toEqual([]);
    await expect.poll(() => waitingFirings(stack.broker)).toBe(0);
    expect(await stack.records()).toEqual([]);
  });
});

async function nextReconnect(nc: NatsConnection): Promise<void> {
  for await (const { type } of nc.status()) if (type === 'reconnect') return;
}

describe('schedules survive', () => {
  it('a crash of the nats-server, and a restart of gateway and executor meanwhile', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'longhaul-schedules-'));
    const nats = await startNatsServer({ dataDir });
    try {
      await using stack = await system({ natsUrl: nats.url });
      const { broker } = stack;
      await stack.tasks.script.echo.schedule({
        every: '1s',
        id: 'ticker',
        overlap: 'queue',
        input: { text: 'tick' },
      });
      const fired =
        (more: number) =>
        ({ id, counts }: ScheduleRecord) =>
          id === 'ticker' && counts.started >= more;
      const { counts } = await scheduleThat(broker, 'a firing', fired(1));
      const restart = async () => {
        const reconnected = nextReconnect(stack.nc);
        await nats.restart();
        await within('the connection is back', reconnected);
      };
      await nats.kill();
      await restart();
      const after = await scheduleThat(broker, 'firings after the crash', fired(counts.started + 2));
      expectEverySecond(timesWithTask(await stack.records(), 'ticker'));
      await Promise.all([...stack.executors, ...stack.gateways].map(service => service.stop()));
      await restart();
      await stack.addGateway();
      await stack.addExecutor();
      const last = await scheduleThat(broker, 'firings after all', fired(after.counts.started + 2));
      const newest = last.lastTask?.id ?? '';
      // A firing is written down before its task is started, so that two gateways start one: the task may be a moment behind.
      await recordThat(broker, 'the record of its task', ({ id }) => id === newest);
      const result = stack.tasksOf(stack.gateways.at(-1)!).script.echo.handle(newest).result();
      expect(await within('its result', result)).toEqual({ text: 'tick' });
      // What was due meanwhile was made up for: less than a minute is in time.
      expectEverySecond(timesWithTask(await stack.records(), 'ticker'));
    } finally {
      await nats.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  }, 60_000);
});
