import { startStack } from '@longhaul/testing';
import { describe, expect, inject, it } from 'vitest';
import { contract } from '../../examples/contract.ts';
import { handlers } from '../../examples/handler.ts';
import {
  fromNowOnAtFour,
  holiday,
  lastNight,
  nights,
  runNow,
  scheduleNightly,
} from '../../examples/scheduling.ts';
import { reasonOf } from '../api/callers.ts';
import { scheduleThat } from '../api/scheduleWaits.ts';
import { expectShown } from './expectShown.ts';

describe('the example of schedules', () => {
  it('creates one schedule however often it is called, and tells what came of it', async () => {
    await using stack = await startStack({ natsUrl: inject('natsUrl'), contract, handlers });
    const { url } = stack.gateways[0]!;
    const created = await scheduleNightly(url, ['a.png', 'b.png']);
    expect(await scheduleNightly(url, ['a.png', 'b.png'])).toEqual(created);
    expect(await reasonOf(scheduleNightly(url, ['c.png']))).toBe('SCHEDULE_CONFLICT');
    expect(await lastNight(url)).toBe('has not fired yet');

    // No night to wait for: a firing as the server publishes it.
    const { broker } = stack;
    const { owner, id, createdAt, next } = created;
    const fire = JSON.stringify({ v: 1, owner, id, createdAt, at: next });
    await broker.js.publish(broker.topology.subjects.fire({ owner, id }), fire);
    await scheduleThat(broker, 'its end', ({ firings }) => firings[0]?.end !== undefined);
    expect(await lastNight(url)).toMatch(/^resized 2 images; next at/);
    const { nextTimes, ends } = await nights(url);
    expect(nextTimes.slice(0, 4)).toEqual(created.nextTimes.slice(1));
    expect(ends).toEqual([`${next} COMPLETED`]);

    const times = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', timeStyle: 'short' });
    const moved = await fromNowOnAtFour(url);
    expect(moved.nextTimes.map(time => times.format(Date.parse(time)))).toEqual(Array(5).fill('04:00'));
    expect((await runNow(url)).resized).toHaveLength(2);
    expect((await holiday(url, true)).paused).toBe(true);
    expect((await holiday(url, false)).paused).toBe(false);
  });

  it('is shown as it is', () => expectShown('docs/guides/schedules.md', 'scheduling'));
});
