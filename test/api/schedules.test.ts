import { type Broker, encode } from '@longhaul/broker';
import type { ScheduleChanges } from '@longhaul/proto/wire';
import { recordThat, startStack } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { describe, expect, inject, it } from 'vitest';
import { committedSchema } from '../wire/committedSchemas.ts';
import { byHeader, reasonOf } from './callers.ts';
import { armed, scheduleThat, taskIds } from './scheduleWaits.ts';

const system = (more: object = {}) =>
  startStack({ natsUrl: inject('natsUrl'), contract: scriptedContract, handlers: scriptedHandlers, ...more });

const everySecond = { every: '1s' } as const;
const echo = { name: 'script.echo', input: { text: 'tick' } } as const;

/** Waits until another schedule has fired twice more: what is still armed would have fired by then. */
async function letTwoSecondsFire(broker: Broker): Promise<void> {
  const fired = ({ counts }: { counts: { started: number } }) => counts.started;
  const now = await scheduleThat(broker, 'the metronome', ({ id }) => id === 'metronome');
  await scheduleThat(
    broker,
    'two more beats of the metronome',
    schedule => schedule.id === 'metronome' && fired(schedule) >= fired(now) + 2,
  );
}

describe('a schedule', () => {
  it('starts a task at each firing, as the owner’s own, and tells what came of it', async () => {
    await using stack = await system({ gateway: { authenticate: byHeader } });
    const tasks = stack.tasksOf(stack.gateways[0]!, { 'x-owner': 'ann@example.org' });
    const created = await tasks.script.echo.schedule({
      ...everySecond,
      id: 'ticker',
      input: { text: 'tick' },
      overlap: 'queue',
      priority: 'high',
      policy: { maxAttempts: 2 },
    });
    expect(created).toMatchObject({
      id: 'ticker',
      owner: 'ann@example.org',
      name: 'script.echo',
      every: '1s',
      overlap: 'queue',
      misfire: 'one',
      paused: false,
      firings: [],
      counts: { started: 0, skipped: 0, missed: 0, failed: 0 },
    });
    const fired = await scheduleThat(stack.broker, 'three firings', ({ counts }) => counts.started >= 3);
    expect(new Set(taskIds(fired)).size).toBe(fired.counts.started);
    for (const id of taskIds(fired)) {
      expect(await tasks.script.echo.handle(id).result()).toEqual({ text: 'tick' });
      expect(await tasks.script.echo.handle(id).record()).toMatchObject({
        owner: 'ann@example.org',
        scheduleId: 'ticker',
        priority: 'high',
        policy: { maxAttempts: 2 },
      });
    }
    const seen = await tasks.$schedules.get('ticker');
    expect(seen.last?.outcome).toBe('started');
    expect(Date.parse(seen.next ?? '')).toBeGreaterThan(Date.parse(seen.last?.at ?? ''));
    expect(seen.input).toEqual({ text: 'tick' });
    const { schedules } = await tasks.$schedules.list();
    expect(schedules).toMatchObject([{ id: 'ticker' }]);
    expect(schedules[0]).not.toHaveProperty('input');
    expect(schedules[0]).not.toHaveProperty('firings');
    expect((await committedSchema('schedule', 'documented')).safeParse(fired).error).toBeUndefined();
  });

  it('fires by a cron expression in a time zone, of five fields or six', async () => {
    await using stack = await system();
    const { schedule } = stack.tasks.script.echo;
    const input = { text: 'tick' };
    const six = await schedule({ cron: '* * * * * *', timeZone: 'Europe/Berlin', id: 'six', input });
    const five = await schedule({ cron: '30 2 * * MON-FRI', timeZone: 'America/Denver', id: 'five', input });
    const steps = six.nextTimes
      .slice(1)
      .map((time, i) => Date.parse(time) - Date.parse(six.nextTimes[i] ?? ''));
    expect(steps).toEqual([1_000, 1_000, 1_000, 1_000]);
    const inDenver = new Intl.DateTimeFormat('en-GB', { timeZone: 'America/Denver', timeStyle: 'short' });
    expect(five.nextTimes.map(time => inDenver.format(Date.parse(time)))).toEqual(Array(5).fill('02:30'));
    expect(five.next).toBe(five.nextTimes[0]);
    expect((await stack.tasks.$schedules.list()).schedules).toMatchObject([
      { id: 'five', nextTimes: five.nextTimes },
      { id: 'six' },
    ]);
    const fired = await scheduleThat(stack.broker, 'two firings', ({ counts }) => counts.started >= 2);
    expect(fired.id).toBe('six');
    expect(fired.next).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
  });

  it('that cannot fire, or whose task could not start, is refused and leaves nothing behind', async () => {
    await using stack = await system({ executors: 0 });
    const { create, list } = stack.tasks.$schedules;
    const refused = async (more: object) => {
      const error: unknown = await create({ ...echo, ...more }).catch((thrown: unknown) => thrown);
      const reason = await reasonOf(Promise.reject(error));
      return [reason, error instanceof Error ? error.message : ''];
    };
    const invalid = (message: RegExp) => ['INVALID_SCHEDULE', expect.stringMatching(message) as string];
    expect(await refused({ cron: '61 * * * *' })).toEqual(invalid(/five fields/));
    expect(await refused({ cron: '0 0 31 2 *' })).toEqual(invalid(/no date matches it/));
    expect(await refused({ cron: '0 9 * * *', timeZone: 'Mars/Base' })).toEqual(invalid(/Mars\/Base.*IANA/));
    expect(await refused({ every: '10ms' })).toEqual(invalid(/15m/));
    expect(await refused({})).toEqual(invalid(/either/));
    expect(await refused({ ...everySecond, name: 'script.gone' })).toEqual([
      'UNKNOWN_TASK',
      expect.any(String),
    ]);
    expect(await refused({ ...everySecond, input: { text: 1 } })).toEqual([
      'INVALID_INPUT',
      expect.stringMatching(/text/),
    ]);
    expect(await refused({ ...everySecond, id: 'a.b' })).toEqual(['INVALID_REQUEST', expect.any(String)]);
    expect(await refused({ ...everySecond, input: { text: 'x'.repeat(300_000) } })).toEqual([
      'PAYLOAD_TOO_LARGE',
      expect.any(String),
    ]);
    expect(await list()).toEqual({ schedules: [], more: false });
    expect(await armed(stack.broker)).toEqual([]);
  });

  it('of one id is the same, however often and through whichever gateway it is created', async () => {
    await using stack = await system({ gateways: 2, executors: 0 });
    const wanted = { cron: '@hourly', id: 'hourly', input: { text: 'tick' } } as const;
    const raced = await Promise.all(
      Array.from({ length: 8 }, (_, i) => stack.tasksOf(stack.gateways[i % 2]!).script.echo.schedule(wanted)),
    );
    expect(new Set(raced.map(({ createdAt }) => createdAt)).size).toBe(1);
    expect(await armed(stack.broker)).toEqual(['local.hourly']);
    for (const other of [{ input: { text: 'tock' } }, { cron: '@daily' }, { overlap: 'queue' as const }])
      expect(await reasonOf(stack.tasks.script.echo.schedule({ ...wanted, ...other }))).toBe(
        'SCHEDULE_CONFLICT',
      );
    expect(await stack.tasks.script.echo.schedule(wanted)).toMatchObject({ overlap: 'skip' });
  });
});

describe('the schedules of one owner', () => {
  it('are a thousand at most, and are all listed', async () => {
    await using stack = await system({ executors: 0, gateway: { authenticate: byHeader } });
    const as = (owner: string) => stack.tasksOf(stack.gateways[0]!, { 'x-owner': owner }).$schedules;
    const wanted = { ...echo, cron: '@yearly' } as const;
    const {
      input: _input,
      last: _last,
      nextTimes: _times,
      ...one
    } = await as('ann').create({ ...wanted, id: 's0' });
    const { js, topology } = stack.broker;
    for (let i = 1; i < 1_000; i += 1) {
      const record = { ...one, v: 1, id: `s${i}`, paused: true };
      await js.publish(topology.scheduleSubject('ann', record.id), encode(record));
    }
    expect(await reasonOf(as('ann').create({ ...wanted, id: 'another' }))).toBe('TOO_MANY_SCHEDULES');
    expect(await as('ann').create({ ...wanted, id: 's0' })).toMatchObject({ id: 's0' });
    await as('bob').create({ ...wanted, id: 'another' });
    const listed = await as('ann').list();
    expect(listed.more).toBe(false);
    expect(new Set(listed.schedules.map(({ id }) => id)).size).toBe(1_000);
    expect(await as('root').list()).toMatchObject({ more: true });
  });
});

describe('while the task of an earlier firing continues, a firing', () => {
  const hang = { ...everySecond, input: {} } as const;

  it('skips, and starts again once that task is over', async () => {
    await using stack = await system();
    await stack.tasks.script.hang.schedule({ ...hang, overlap: 'skip' });
    const skipped = await scheduleThat(stack.broker, 'two skipped', ({ counts }) => counts.skipped >= 2);
    expect(skipped.counts.started).toBe(1);
    const [first = ''] = [skipped.lastTask?.id];
    await stack.tasks.$tasks.cancel(first);
    await stack.tasks.script.hang.handle(first).outcome();
    const again = await scheduleThat(stack.broker, 'another', ({ counts }) => counts.started === 2);
    expect(again.lastTask?.id).not.toBe(first);
  });

  it('queues: every firing has its task at once', async () => {
    await using stack = await system();
    await stack.tasks.script.hang.schedule({ ...hang, overlap: 'queue' });
    const queued = await scheduleThat(stack.broker, 'three tasks', ({ counts }) => counts.started >= 3);
    expect(queued.counts.skipped).toBe(0);
    for (const id of taskIds(queued))
      await recordThat(stack.broker, 'running', task => task.id === id && task.status === 'RUNNING');
  });

  it('cancels that task, and starts its own', async () => {
    await using stack = await system();
    await stack.tasks.script.hang.schedule({ ...hang, id: 'restless', overlap: 'cancelPrevious' });
    const fired = await scheduleThat(stack.broker, 'three tasks', ({ counts }) => counts.started >= 3);
    const [newest, ...earlier] = taskIds(fired);
    expect(newest).toBe(fired.lastTask?.id);
    for (const id of earlier)
      expect(await stack.tasks.script.hang.handle(id).outcome()).toMatchObject({
        status: 'CANCELED',
        reason: 'The schedule restless has fired again.',
      });
  });
});

describe('pause, resume and delete', () => {
  it('pause stops the firing, resume lets it go on', async () => {
    await using stack = await system();
    const { create, pause, resume, get } = stack.tasks.$schedules;
    await create({ ...echo, ...everySecond, id: 'metronome' });
    await create({ ...echo, ...everySecond, id: 'ticker' });
    await scheduleThat(stack.broker, 'a tick', ({ id, counts }) => id === 'ticker' && counts.started > 0);
    const paused = await pause('ticker');
    expect(paused.paused).toBe(true);
    expect(paused).not.toHaveProperty('next');
    expect(await armed(stack.broker)).toEqual(['local.metronome']);
    await letTwoSecondsFire(stack.broker);
    expect((await get('ticker')).counts).toEqual(paused.counts);
    expect(await pause('ticker')).toMatchObject({ paused: true, counts: paused.counts, nextTimes: [] });

    expect(await resume('ticker')).toMatchObject({ paused: false });
    await scheduleThat(
      stack.broker,
      'another tick',
      ({ id, counts }) => id === 'ticker' && counts.started > paused.counts.started,
    );
  });

  it('leave the stream as the record says, in whatever order they come', async () => {
    await using stack = await system({ gateways: 2, executors: 0 });
    const [one, other] = stack.gateways.map(gateway => stack.tasksOf(gateway).$schedules);
    await one?.create({ ...echo, cron: '@hourly', id: 'hourly' });
    for (let round = 0; round < 20; round += 1)
      await Promise.all([one?.pause('hourly'), other?.resume('hourly'), one?.pause('hourly')]);
    const { paused } = await one!.get('hourly');
    expect(await armed(stack.broker)).toEqual(paused ? [] : ['local.hourly']);
  });

  it('delete ends it; the id can be used again', async () => {
    await using stack = await system();
    const { create, delete: remove, get, list } = stack.tasks.$schedules;
    await create({ ...echo, ...everySecond, id: 'metronome' });
    await create({ ...echo, ...everySecond, id: 'ticker' });
    const ticked = await scheduleThat(
      stack.broker,
      'a tick',
      ({ id, counts }) => id === 'ticker' && counts.started > 0,
    );
    expect(await remove('ticker')).toEqual({ id: 'ticker', deleted: true });
    expect(await remove('ticker')).toEqual({ id: 'ticker', deleted: false });
    expect(await reasonOf(get('ticker'))).toBe('SCHEDULE_NOT_FOUND');
    expect(await armed(stack.broker)).toEqual(['local.metronome']);
    await letTwoSecondsFire(stack.broker);
    expect((await list()).schedules.map(({ id }) => id)).toEqual(['metronome']);

    const recreated = await create({ ...echo, every: '2s', id: 'ticker' });
    expect(recreated).toMatchObject({ every: '2s', counts: { started: 0 } });
    const fired = await scheduleThat(
      stack.broker,
      'a tick of the new one',
      ({ createdAt, counts }) => createdAt === recreated.createdAt && counts.started > 0,
    );
    expect(taskIds(fired)).not.toEqual(expect.arrayContaining(taskIds(ticked)));
  });
});

describe('update, run and history', () => {
  it('update changes what it names, and waits for the first new time', async () => {
    await using stack = await system({ executors: 0 });
    const { create, update, get, pause, resume } = stack.tasks.$schedules;
    const made = await create({ ...echo, cron: '30 2 * * *', timeZone: 'Europe/Berlin', id: 'nightly' });
    const input = { text: 'tock' };
    expect(await update('nightly', { input, misfire: 'all' })).toEqual({ ...made, input, misfire: 'all' });
    const moved = await update('nightly', { cron: '30 3 * * *' });
    expect(moved).toMatchObject({ cron: '30 3 * * *', timeZone: 'Europe/Berlin', input });
    const utc = await update('nightly', { timeZone: 'UTC' });
    expect(utc.next).toMatch(/T03:30:00.000Z$/);
    const hourly = await update('nightly', { every: '1h' });
    expect(hourly).not.toHaveProperty('cron');
    expect(hourly).not.toHaveProperty('timeZone');
    const leftMs = Date.parse(hourly.next ?? '') - Date.now();
    expect(Math.abs(leftMs - 60 * 60_000)).toBeLessThan(30_000);
    // An interval keeps its phase, through a pause and through other changes.
    await pause('nightly');
    expect(await update('nightly', { overlap: 'queue' })).toMatchObject({ paused: true, nextTimes: [] });
    expect((await resume('nightly')).nextTimes).toEqual(hourly.nextTimes);
    expect(await armed(stack.broker)).toEqual(['local.nightly']);
    expect(await get('nightly')).toMatchObject({ overlap: 'queue', next: hourly.next });
  });

  it('update refuses what create refuses, and changes nothing then', async () => {
    await using stack = await system({ executors: 0 });
    const { create, update, get } = stack.tasks.$schedules;
    const made = await create({ ...echo, cron: '30 2 * * *', id: 'nightly' });
    const refused: readonly (readonly [string, ScheduleChanges])[] = [
      ['INVALID_SCHEDULE', { cron: '61 * * * *' }],
      ['INVALID_SCHEDULE', { timeZone: 'Mars/Base' }],
      ['INVALID_SCHEDULE', { cron: '@daily', every: '1d' }],
      ['INVALID_SCHEDULE', { every: '1h', timeZone: 'UTC' }],
      ['INVALID_INPUT', { input: { text: 1 } }],
      ['INVALID_REQUEST', { misfireAfterMs: 5 }],
      ['INVALID_REQUEST', { name: 'script.hang' } as ScheduleChanges],
    ];
    for (const [code, changes] of refused) expect(await reasonOf(update('nightly', changes))).toBe(code);
    expect(await reasonOf(update('other', { overlap: 'queue' }))).toBe('SCHEDULE_NOT_FOUND');
    expect(await get('nightly')).toEqual(made);
    expect(await armed(stack.broker)).toEqual(['local.nightly']);
  });

  it('run starts its task now, also while paused, and its coming times stay', async () => {
    await using stack = await system();
    const { create, run, pause, get } = stack.tasks.$schedules;
    const made = await create({ ...echo, cron: '@yearly', id: 'yearly', priority: 'high' });
    const { taskId } = await run('yearly');
    expect(await stack.tasks.script.echo.handle(taskId).result()).toEqual({ text: 'tick' });
    expect(await stack.tasks.script.echo.handle(taskId).record()).toMatchObject({
      scheduleId: 'yearly',
      priority: 'high',
    });
    await pause('yearly');
    const second = await run('yearly');
    expect(second.taskId).not.toBe(taskId);
    await scheduleThat(
      stack.broker,
      'both ends',
      ({ firings }) => firings.filter(({ end }) => end).length === 2,
    );
    const now = await get('yearly');
    expect(now).toMatchObject({ counts: { started: 2 }, nextTimes: [], lastTask: { id: second.taskId } });
    expect(now.firings).toMatchObject([
      { trigger: 'manual', outcome: 'started', taskId: second.taskId },
      { trigger: 'manual', outcome: 'started', taskId },
    ]);
    expect((await stack.tasks.$schedules.resume('yearly')).next).toBe(made.next);
  });

  it('the history tells how each task ended, at whichever gateway its record was written', async () => {
    await using stack = await system({ gateways: 2 });
    await stack.tasks.script.fail.schedule({
      ...everySecond,
      id: 'failing',
      overlap: 'queue',
      input: { declared: true },
    });
    const { firings } = await scheduleThat(
      stack.broker,
      'two ends',
      one => one.firings.filter(({ end }) => end !== undefined).length >= 2,
    );
    const ended = firings.filter(({ end }) => end !== undefined);
    for (const { end, at } of ended) {
      expect(end?.status).toBe('FAILED');
      expect(Date.parse(end?.at ?? '')).toBeGreaterThanOrEqual(Date.parse(at));
    }
  });
});

describe('owner-only', () => {
  it('shows and changes nobody a schedule of another owner, except an administrator', async () => {
    await using stack = await system({ executors: 0, gateway: { authenticate: byHeader } });
    const as = (owner: string) => stack.tasksOf(stack.gateways[0]!, { 'x-owner': owner });
    const [ann, bob, root] = [as('ann@example.org'), as('bob'), as('root')];
    const wanted = { cron: '@daily', id: 'nightly', input: { text: 'a' } } as const;
    await ann.script.echo.schedule(wanted);
    const of = { owner: 'ann@example.org' };
    const { get, pause, resume, run, delete: remove } = bob.$schedules;
    expect(await reasonOf(get('nightly'))).toBe('SCHEDULE_NOT_FOUND');
    for (const call of [get, pause, resume, run, remove])
      expect(await reasonOf(call('nightly', of))).toBe('SCHEDULE_NOT_FOUND');
    expect(await reasonOf(bob.$schedules.update('nightly', { overlap: 'queue' }, of))).toBe(
      'SCHEDULE_NOT_FOUND',
    );
    expect(await bob.$schedules.list()).toEqual({ schedules: [], more: false });
    expect(await bob.$schedules.list(of)).toEqual({ schedules: [], more: false });
    expect(await bob.$schedules.delete('nightly')).toMatchObject({ deleted: false });

    // The id is each owner's own.
    await bob.script.echo.schedule({ ...wanted, input: { text: 'b' } });
    const owners = (await root.$schedules.list()).schedules.map(({ owner }) => owner);
    expect(owners).toEqual(['ann@example.org', 'bob']);
    expect((await root.$schedules.list(of)).schedules).toHaveLength(1);
    expect(await root.$schedules.pause('nightly', of)).toMatchObject({ owner: 'ann@example.org' });
    expect(await ann.$schedules.get('nightly')).toMatchObject({ paused: true, input: { text: 'a' } });
    expect(await bob.$schedules.get('nightly')).toMatchObject({ paused: false, input: { text: 'b' } });
  });
});
