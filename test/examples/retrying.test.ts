import { recordThat, startStack } from '@longhaul/testing';
import { describe, expect, inject, it } from 'vitest';
import { contract, handlersWith } from '../../examples/retrying.ts';
import { expectShown } from './expectShown.ts';

describe('the example of retries', () => {
  it('tries again when that can help, and not when it cannot', async () => {
    const answers = [503, 500, 200];
    const shop = async (order: string) =>
      order === 'unknown' ? { status: 404 } : { status: answers.shift() ?? 200, retryAfterSeconds: 0 };
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract,
      handlers: handlersWith(shop),
    });
    const task = await stack.tasks.orders.send.start({ order: '17' });
    expect((await task.result()).sentAt).toMatch(/Z$/);
    // The record is written behind the events.
    await recordThat(stack.broker, 'three attempts', ({ id, attempt }) => id === task.id && attempt === 3);
    const unknown = await stack.tasks.orders.send.start({ order: 'unknown' });
    expect(await unknown.outcome()).toMatchObject({
      error: { code: 'NO_SUCH_ORDER', data: { order: 'unknown' } },
    });
  });

  it('is shown as it is', () => expectShown('docs/guides/retries-and-time-limits.md', 'retrying'));
});
