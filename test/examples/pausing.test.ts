import { eventThat, recordThat, startStack } from '@longhaul/testing';
import { describe, expect, inject, it } from 'vitest';
import { contract, handlersWith, whilePaused } from '../../examples/pausing.ts';
import { expectShown } from './expectShown.ts';

describe('the example of pausing a task', () => {
  it('rests while it is paused, and continues', async () => {
    const goOn = Promise.withResolvers<void>();
    const indexed: string[] = [];
    const handlers = handlersWith(async volume => {
      indexed.push(volume);
      if (volume === 'first') await goOn.promise;
    });
    await using stack = await startStack({ natsUrl: inject('natsUrl'), contract, handlers });
    const task = await stack.tasks.archive.reindex.start({ volumes: ['first', 'second'] });
    await recordThat(stack.broker, 'RUNNING', ({ id, status }) => id === task.id && status === 'RUNNING');
    await whilePaused(stack.gateways[0]?.url ?? '', async () => {
      goOn.resolve();
      await eventThat(stack.broker, 'paused', ({ id, event }) => id === task.id && event.type === 'paused');
      expect(indexed).toEqual(['first']);
    });
    expect(await task.result()).toEqual({ indexed: 2 });
  });

  it('is shown as it is', () => expectShown('docs/guides/pausing-tasks.md', 'pausing'));
});
