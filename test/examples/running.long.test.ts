import { gatewayErrorOf } from '@longhaul/client';
import { eventThat, freshNamespace, startStack, within } from '@longhaul/testing';
import { describe, expect, inject, it } from 'vitest';
import { contract } from '../../examples/contract.ts';
import { handlers } from '../../examples/handler.ts';
import { serve } from '../../examples/largePayloads.ts';
import { runExecutor } from '../../examples/runExecutor.ts';
import { expectShown } from './expectShown.ts';

describe('the example of an executor', () => {
  it('runs tasks, ends at SIGTERM, and hands on what comes after', async () => {
    await using stack = await startStack({ natsUrl: inject('natsUrl'), contract, handlers, executors: 0 });
    await runExecutor(inject('natsUrl'), stack.namespace);
    const first = await stack.tasks.images.resize.run({ files: ['a.png'] });
    expect(first).toMatchObject({ status: 'COMPLETED' });
    // As the process would get it, and nobody else in it.
    process.listeners('SIGTERM').at(-1)?.('SIGTERM');
    const waiting = await stack.tasks.images.resize.start({ files: ['b.png'] });
    await using _next = await stack.addExecutor();
    expect(await within('the next executor', waiting.result())).toEqual({ resized: ['b-800.png'] });
    const { event } = await eventThat(
      stack.broker,
      'its end',
      ({ id, event }) => id === waiting.id && event.type === 'completed',
    );
    expect(event).toMatchObject({ attempt: 1 });
  });

  it('is shown as it is', () => expectShown('docs/guides/running-executors.md', 'runExecutor'));
});

describe('the example of large payloads', () => {
  it('takes and gives megabytes, and refuses what is too large before anything is written', async () => {
    const { tasks, executor, gateway } = await serve(inject('natsUrl'), freshNamespace());
    await using _executor = executor;
    await using _gateway = gateway;
    const row = (name: string) => ({ name, text: name.repeat(2_000) });
    const rows = Array.from({ length: 1_000 }, (_, n) => row(String(999 - n)));
    const { rows: sorted } = await (await tasks.table.sort.start({ rows })).result();
    expect(sorted).toHaveLength(1_000);
    expect(sorted[0]).toEqual(row('0'));
    const tooMany = Array.from({ length: 4_000 }, () => row('999'));
    const refusal = gatewayErrorOf(
      await tasks.table.sort.start({ rows: tooMany }).catch((error: unknown) => error),
    );
    expect(refusal).toMatchObject({ reason: 'PAYLOAD_TOO_LARGE' });
  });

  it('is shown as it is', () => expectShown('docs/guides/large-payloads.md', 'largePayloads'));
});
