import { startStack } from '@longhaul/testing';
import { describe, expect, inject, it } from 'vitest';
import { contract } from '../../examples/contract.ts';
import { handlers } from '../../examples/handler.ts';
import { holiday, lastNight, scheduleNightly } from '../../examples/scheduling.ts';
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
    const { owner, id, createdAt } = created;
    const fire = JSON.stringify({ v: 1, owner, id, createdAt });
    await broker.js.publish(broker.topology.subjects.fire({ owner, id }), fire);
    await scheduleThat(broker, 'its firing', ({ counts }) => counts.started === 1);
    expect(await lastNight(url)).toMatch(/^resized 2 images; next at/);

    expect((await holiday(url, true)).paused).toBe(true);
    expect((await holiday(url, false)).paused).toBe(false);
  });

  it('is shown as it is', () => expectShown('docs/guides/schedules.md', 'scheduling'));
});
