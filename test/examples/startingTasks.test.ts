import { recordThat, startStack } from '@longhaul/testing';
import { describe, expect, inject, it } from 'vitest';
import { cancelWaiting } from '../../examples/cancelMany.ts';
import { contract } from '../../examples/contract.ts';
import { handlers } from '../../examples/handler.ts';
import { startGateway } from '../../examples/retention.ts';
import { retryFailed } from '../../examples/retryFailed.ts';
import { startAndRun } from '../../examples/startAndRun.ts';
import { resizeAlbums } from '../../examples/startBatch.ts';
import { resizeOrder } from '../../examples/startOptions.ts';
import { expectShown } from './expectShown.ts';

const natsUrl = inject('natsUrl');

describe('the examples of starting tasks', () => {
  it('start, and start and wait', async () => {
    await using stack = await startStack({ natsUrl, contract, handlers });
    expect(await startAndRun(stack.gateways[0]!.url)).toEqual(['a-200.png', 'b-200.png', 'c-800.png']);
  });

  it('start once, first, or later', async () => {
    await using stack = await startStack({ natsUrl, contract, handlers });
    const { url } = stack.gateways[0]!;
    const [first, second] = [
      await resizeOrder(url, '17', ['a.png']),
      await resizeOrder(url, '17', ['a.png']),
    ];
    expect(first.once.id).toBe(second.once.id);
    expect(first.soon.id).not.toBe(second.soon.id);
    expect(await first.once.result()).toEqual({ resized: ['a-800.png'] });
    expect(await first.soon.record()).toMatchObject({ priority: 'high' });
    expect(await first.later.record()).toMatchObject({ status: 'SCHEDULED' });
  });

  it('start many', async () => {
    await using stack = await startStack({ natsUrl, contract, handlers });
    const albums = [['a.png'], [], ['b.png', 'c.png']];
    expect(await resizeAlbums(stack.gateways[0]!.url, albums)).toEqual({
      resized: ['a-800.png', 'b-800.png', 'c-800.png'],
      refused: ['album 1: INVALID_INPUT'],
    });
  });

  it('cancel many, and start an ended one again', async () => {
    await using stack = await startStack({ natsUrl, contract, handlers, executors: 0 });
    const { url } = stack.gateways[0]!;
    const waiting = await stack.tasks.images.resize.startMany([
      { input: { files: ['a.png'] } },
      { input: { files: ['b.png'] }, delayMs: 60_000 },
    ]);
    expect(await cancelWaiting(url)).toBe(2);
    for (const one of waiting) expect(one.ok && (await one.task.outcome()).status).toBe('CANCELED');

    await stack.addExecutor();
    const failed = await stack.tasks.images.resize.start({ files: ['a.txt'] });
    await failed.outcome();
    await recordThat(stack.broker, 'FAILED', ({ id, status }) => id === failed.id && status === 'FAILED');
    await expect
      .poll(async () => (await stack.tasks.$tasks.list({ status: ['FAILED'] })).tasks)
      .toHaveLength(1);
    const [retried, ...others] = await retryFailed(url);
    expect(others).toEqual([]);
    expect(await stack.tasks.$tasks.get(retried!)).toMatchObject({ retryOf: failed.id });
    expect((await stack.tasks.images.resize.handle(retried!).outcome()).status).toBe('FAILED');
  });

  it('keep records for as long as they say', async () => {
    await using stack = await startStack({ natsUrl, contract, handlers, gateways: 0 });
    await using gateway = await startGateway(natsUrl, stack.namespace);
    const { id, status } = await stack.tasksOf(gateway).images.resize.run({ files: ['a.png'] });
    expect(status).toBe('COMPLETED');
    await recordThat(stack.broker, status, record => record.id === id && record.status === status);
    const { bucketStream, recordSubject } = stack.broker.topology;
    const subject = recordSubject('local', id);
    const stored = await stack.broker.jsm.streams.getMessage(bucketStream, { last_by_subj: subject });
    expect(stored?.header.get('Nats-TTL')).toBe('3600s');
  });

  it.each(['startAndRun', 'startOptions', 'startBatch', 'cancelMany', 'retryFailed', 'retention'])(
    'shows examples/%s.ts as it is',
    name => expectShown('docs/guides/starting-tasks.md', name),
  );
});
