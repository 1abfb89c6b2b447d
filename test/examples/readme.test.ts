import { startStack } from '@longhaul/testing';
import { describe, expect, inject, it } from 'vitest';
import { resize } from '../../examples/client.ts';
import { contract } from '../../examples/contract.ts';
import { handlers } from '../../examples/handler.ts';
import { expectShown } from './expectShown.ts';

describe('the example of the README', () => {
  it('runs as it stands', async () => {
    await using stack = await startStack({ natsUrl: inject('natsUrl'), contract, handlers });
    const { url } = stack.gateways[0]!;
    expect(await resize(url, ['a.png', 'b.png'])).toEqual(['a-200.png', 'b-200.png']);
    expect(await resize(url, ['a.png', 'b.txt'])).toBe('cannot read b.txt');
  });

  it.each(['contract', 'handler', 'client'])('shows examples/%s.ts as it is', name =>
    expectShown('README.md', name),
  );
});
