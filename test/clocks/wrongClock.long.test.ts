import { startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers, spawnExecutor, spawnGateway } from '@longhaul/testkit';
import { describe, expect, inject, it } from 'vitest';
import { scheduleThat } from '../api/scheduleWaits.ts';

const tenMinutesMs = 600_000;

/** A gateway and an executor as processes, each with a clock of its own beside the right one of nats-server. */
async function system(gatewayAheadMs: number, executorAheadMs: number | undefined) {
  const natsUrl = inject('natsUrl');
  await using opening = new AsyncDisposableStack();
  const stack = opening.use(
    await startStack({
      natsUrl,
      contract: scriptedContract,
      handlers: scriptedHandlers,
      gateways: 0,
      executors: 0,
    }),
  );
  const { namespace } = stack;
  const gateway = opening.use(await spawnGateway({ natsUrl, namespace, clockAheadMs: gatewayAheadMs }));
  if (executorAheadMs !== undefined)
    opening.use(await spawnExecutor({ natsUrl, namespace, clockAheadMs: executorAheadMs }));
  const opened = opening.move();
  return {
    stack,
    tasks: stack.tasksOf(gateway),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** What the wrong clock must not move: each time is that of nats-server, give or take what a slow machine needs. */
const slackMs = 15_000;
const rightNow = (instant: string | undefined) => Math.abs(Date.parse(instant ?? '') - Date.now()) < slackMs;

describe.each([
  ['gateway is ten minutes ahead', tenMinutesMs, 0],
  ['gateway is ten minutes behind', -tenMinutesMs, 0],
  ['executor is ten minutes ahead', 0, tenMinutesMs],
  ['executor is ten minutes behind', 0, -tenMinutesMs],
  ['gateway is ten minutes ahead and the executor behind', tenMinutesMs, -tenMinutesMs],
])('the clock of the %s', (_what, gatewayAheadMs, executorAheadMs) => {
  it('moves no retry, deadline, delayed start, latest start, schedule or time of a record', async () => {
    await using running = await system(gatewayAheadMs, executorAheadMs);
    const { stack, tasks } = running;
    const { script, $schedules } = tasks;
    const begunMs = performance.now();
    const elapsedMs = () => performance.now() - begunMs;

    const retried = await script.flaky.start({ failures: 2 });
    const limited = await script.hang.start({}, { policy: { totalTimeoutMs: 2_000 } });
    const delayed = await script.echo.start({ text: 'later' }, { delayMs: 2_000 });
    // A minute is long enough for everybody, and would be over for a clock that is ten minutes ahead.
    const inTime = await script.echo.start({ text: 'in time' }, { startWithinMs: 60_000 });
    await $schedules.create({ id: 'ticker', name: 'script.echo', input: { text: 'tick' }, every: '2s' });

    expect(await within('the retried task', retried.result())).toEqual({ attempt: 3 });
    expect(await within('the start in time', inTime.result())).toEqual({ text: 'in time' });

    expect(await within('the deadline', limited.outcome())).toMatchObject({
      status: 'FAILED',
      error: { code: 'TASK_TIMEOUT' },
    });
    // Timers may be a little early; ten minutes are not a little.
    expect(elapsedMs()).toBeGreaterThan(1_900);
    expect(elapsedMs()).toBeLessThan(2_000 + slackMs);

    expect(await within('the delayed start', delayed.result())).toEqual({ text: 'later' });
    const fired = await scheduleThat(
      stack.broker,
      'a firing that has started a task',
      ({ counts }) => counts.started > 0,
    );
    await $schedules.delete('ticker');
    expect(elapsedMs()).toBeLessThan(6_000 + slackMs);

    // The overview says whose clock is wrong, and by how much.
    for await (const shown of tasks.$system.watch()) {
      if (shown.type !== 'snapshot') continue;
      const clocks = [shown.clockAheadMs, shown.executors[0]?.clockAheadMs];
      for (const [at, aheadMs] of [gatewayAheadMs, executorAheadMs].entries())
        expect(Math.abs((clocks[at] ?? Number.NaN) - aheadMs)).toBeLessThan(slackMs);
      break;
    }

    for (const record of [await retried.record(), await delayed.record()]) {
      const { createdAt, startedAt, finishedAt } = record;
      expect({
        createdAt,
        startedAt,
        finishedAt,
        right: [createdAt, startedAt, finishedAt].map(rightNow),
      }).toEqual({
        createdAt,
        startedAt,
        finishedAt,
        right: [true, true, true],
      });
    }
    expect(rightNow(fired.createdAt)).toBe(true);
    const events = await stack.events(retried.id);
    expect(events.map(({ event }) => rightNow(event.at))).toEqual(events.map(() => true));
    const begunAt = Date.parse((await delayed.record()).startedAt ?? '');
    const createdAt = Date.parse((await delayed.record()).createdAt);
    expect(begunAt - createdAt).toBeGreaterThan(1_900);
  });
});

describe.each([
  ['ahead', tenMinutesMs],
  ['behind', -tenMinutesMs],
])('a gateway whose clock is ten minutes %s', (_direction, gatewayAheadMs) => {
  it('ends what no executor has begun in its time, and not sooner', async () => {
    await using running = await system(gatewayAheadMs, undefined);
    const { script } = running.tasks;
    const begunMs = performance.now();
    const late = await script.echo.start({ text: 'a' }, { policy: { totalTimeoutMs: 2_000 } });
    const unbegun = await script.echo.start({ text: 'b' }, { startWithinMs: 2_000 });
    const waiting = await script.echo.start({ text: 'c' }, { startWithinMs: 60_000 });
    expect(await within('the deadline', late.outcome())).toMatchObject({ error: { code: 'TASK_TIMEOUT' } });
    expect(await within('the latest start', unbegun.outcome())).toMatchObject({ status: 'FAILED' });
    expect(performance.now() - begunMs).toBeGreaterThan(1_900);
    expect(await waiting.record()).toMatchObject({ status: 'PENDING' });
  });
});
