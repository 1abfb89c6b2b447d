import { type Broker, encode } from '@longhaul/broker';
import { recordThat } from '@longhaul/testing';
import { describe, expect, it } from 'vitest';
import { committedSchema } from '../wire/committedSchemas.ts';
import { byHeader, reasonOf } from './callers.ts';
import { armed, echo, everySecond, scheduleThat, system, taskIds } from './scheduleWaits.ts';

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
  it('pause stops the firing, resume lets it continue', async () => {
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
