import type { ScheduleChanges } from '@longhaul/proto/wire';
import { describe, expect, it } from 'vitest';
import { byHeader, reasonOf } from './callers.ts';
import { armed, echo, everySecond, scheduleThat, system } from './scheduleWaits.ts';

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
