import { recordThat, startStack } from '@longhaul/testing';
import { describe, expect, inject, it } from 'vitest';
import { contract } from '../../examples/contract.ts';
import { handlers } from '../../examples/handler.ts';
import { printLoad } from '../../examples/overview.ts';
import { expectShown } from './expectShown.ts';

describe('the example of the overview', () => {
  it('prints the load until it is told to stop', async () => {
    await using stack = await startStack({ natsUrl: inject('natsUrl'), contract, handlers });
    const done = await stack.tasks.images.resize.run({ files: ['a.png'] });
    await recordThat(stack.broker, 'the end', ({ id, status }) => id === done.id && status === 'COMPLETED');
    const leaving = new AbortController();
    const lines: string[] = [];
    await printLoad(stack.gateways[0]!.url, leaving.signal, line => {
      lines.push(line);
      leaving.abort();
    });
    expect(lines).toEqual(['0 of 4 slots in use, 0 waiting; completed in an hour: 1']);
  });

  it('is shown as it is', () => expectShown('docs/guides/observability.md', 'overview'));
});
