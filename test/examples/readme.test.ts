import { readFile } from 'node:fs/promises';
import { startStack } from '@longhaul/testing';
import { describe, expect, inject, it } from 'vitest';
import { resize } from '../../examples/client.ts';
import { contract } from '../../examples/contract.ts';
import { handlers } from '../../examples/handler.ts';

const root = new URL('../../', import.meta.url);

describe('the example of the README', () => {
  it('runs as it stands', async () => {
    await using stack = await startStack({ natsUrl: inject('natsUrl'), contract, handlers });
    const { url } = stack.gateways[0]!;
    expect(await resize(url, ['a.png', 'b.png'])).toEqual(['a-200.png', 'b-200.png']);
    expect(await resize(url, ['a.png', 'b.txt'])).toBe('cannot read b.txt');
  });

  it.each(['contract', 'handler', 'client'])('shows examples/%s.ts as it is', async name => {
    const readme = await readFile(new URL('README.md', root), 'utf8');
    const code = await readFile(new URL(`examples/${name}.ts`, root), 'utf8');
    const shown = readme.match(new RegExp(`<!-- example:${name} -->\\n+\`\`\`ts\\n([\\s\\S]*?)\`\`\``))?.[1];
    expect(shown).toBe(code);
  });
});
