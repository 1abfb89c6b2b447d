import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Broker, encode } from '@longhaul/broker';
import { startNatsServer } from '@longhaul/nats-server';
import type { Fire, ScheduleRecord } from '@longhaul/proto';
import {
  deadlineMs,
  recordThat,
  scriptedContract,
  scriptedHandlers,
  spawnGateway,
  startStack,
  within,
} from '@longhaul/testing';
import type { NatsConnection } from '@nats-io/transport-node';
import { describe, expect, inject, it } from 'vitest';
import { armed, scheduleThat, waitingFirings } from '../api/scheduleWaits.ts';

const system = (more: object = {}) =>
  startStack({ natsUrl: inject('natsUrl'), contract: scriptedContract, handlers: scriptedHandlers, ...more });

const createdAt = '2026-01-01T00:00:00.000Z';
const schedule: ScheduleRecord = {
  v: 1,
  id: 'ticker',
  owner: 'local',
  name: 'script.echo',
  input: { text: 'tick' },
  every: '1s',
  overlap: 'queue',
  priority: 'normal',
  paused: false,
  createdAt,
  firings: [],
  counts: { started: 0, skipped: 0, missed: 0, failed: 0 },
};
const fire: Fire = { v: 1, owner: 'local', id: 'ticker', createdAt };

/** Writes a schedule's record, as a gateway does that dies right afterwards. */
const writeRecord = ({ js, topology }: Broker, record: ScheduleRecord) =>
  js.publish(topology.scheduleSubject(record.owner, record.id), encode(record));

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
      for (let round = 0; round < 3; round += 1) {
        await oneMore(broker, 'a');
        // Right then the firings of the other schedules are under way, one by one, at both gateways.
        await gateways[round % 2]?.kill();
        gateways[round % 2] = await gateway();
      }
      // The last gateway has looked by then at what is armed, so what is taken away now is not put back.
      await oneMore(broker, 'a');
      const { requestStream, subjects } = broker.topology;
      await broker.jsm.streams.purge(requestStream, { filter: subjects.allRecurring });
      await expect.poll(() => waitingFirings(broker), { timeout: deadlineMs }).toBe(0);

      // Each message of the stream has its sequence: the schedules, the firings, the requests of the tasks, and
      // the placeholders of a busy queue.
      const { state } = await broker.jsm.streams.info(requestStream, {
        subjects_filter: subjects.placeholder,
      });
      const placeholders = state.subjects?.[subjects.placeholder] ?? 0;
      const firings = (state.last_seq - ids.length - placeholders) / 2;
      const tasks = async () => (await stack.records()).filter(({ scheduleId }) => scheduleId !== undefined);
      await expect.poll(async () => (await tasks()).length, { timeout: deadlineMs }).toBe(firings);
      expect(firings).toBeGreaterThanOrEqual(ids.length * 4);
      expect(new Set((await tasks()).map(({ idempotencyKey }) => idempotencyKey)).size).toBe(firings);
      const { schedules } = await stack.tasksOf(gateways[0]!).$schedules.list();
      expect(schedules.reduce((sum, { counts }) => sum + counts.started, 0)).toBe(firings);
    } finally {
      await Promise.all(gateways.map(each => each.kill()));
    }
  }, 60_000);

  it('also of a gateway that died between its decision and the start', async () => {
    await using stack = await system({ gateways: 0 });
    const { broker } = stack;
    const { seq } = await broker.js.publish(broker.topology.subjects.fire(fire), encode(fire));
    const [taskId, outcome] = ['01890000-0000-8000-8000-000000000000', 'starting' as const];
    const firing = { seq, at: createdAt, outcome, taskId };
    // Paused, so that nothing but this firing is about.
    await writeRecord(broker, {
      ...schedule,
      paused: true,
      firings: [firing],
    });
    await stack.addGateway();
    const task = await recordThat(broker, 'its task', ({ scheduleId }) => scheduleId === 'ticker');
    expect(await stack.tasksOf(stack.gateways[0]!).script.echo.open(task.id).result()).toEqual({
      text: 'tick',
    });
    await expect.poll(() => waitingFirings(broker)).toBe(0);
    expect(await stack.records()).toHaveLength(1);
    const { counts } = await scheduleThat(broker, 'the schedule', ({ id }) => id === 'ticker');
    expect(counts.started).toBe(1);
  });

  it('or a failure that says why, when the task can no longer be started so', async () => {
    await using stack = await system({ gateways: 0, executors: 0 });
    await stack.addGateway();
    await writeRecord(stack.broker, { ...schedule, input: { text: 17 } });
    await stack.broker.js.publish(stack.broker.topology.subjects.fire(fire), encode(fire));
    const { firings, lastTask } = await scheduleThat(
      stack.broker,
      'a failed firing',
      ({ counts }) => counts.failed === 1,
    );
    expect(firings).toMatchObject([{ outcome: 'failed', error: { code: 'INVALID_INPUT' } }]);
    expect(lastTask).toBeUndefined();
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
      await stack.tasks.script.echo.schedule({ every: '1s', id: 'ticker', input: { text: 'tick' } });
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
      await Promise.all([...stack.executors, ...stack.gateways].map(service => service.stop()));
      await restart();
      await stack.addGateway();
      await stack.addExecutor();
      const last = await scheduleThat(broker, 'firings after all', fired(after.counts.started + 2));
      const newest = last.lastTask?.id ?? '';
      const result = stack.tasksOf(stack.gateways.at(-1)!).script.echo.open(newest).result();
      expect(await within('its result', result)).toEqual({ text: 'tick' });
    } finally {
      await nats.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  }, 60_000);
});
