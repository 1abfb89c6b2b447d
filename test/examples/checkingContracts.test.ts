import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contractSnapshot, defineContract, defineTask } from '@longhaul/proto';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { requireCompatible } from '../../examples/checkingContracts.ts';

const contractWith = (input: z.ZodType) =>
  defineContract({ images: { resize: defineTask({ input, output: z.string() }) } });

test('the guide to changing a contract finds a change that breaks what is deployed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'longhaul-contract-'));
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  try {
    const file = join(folder, 'contract.json');
    const deployed = contractWith(z.object({ file: z.string() }));
    await writeFile(file, JSON.stringify(contractSnapshot(deployed)));
    await requireCompatible(file, deployed);
    await requireCompatible(file, contractWith(z.object({ file: z.string(), quality: z.int().default(80) })));
    expect(log).not.toHaveBeenCalled();
    const broken = contractWith(z.object({ file: z.string(), quality: z.int() }));
    await expect(requireCompatible(file, broken)).rejects.toThrow('breaks what is deployed');
    expect(log.mock.calls[0]?.[0]).toContain('breaking: images.resize, input quality: It is required');
  } finally {
    log.mockRestore();
    await rm(folder, { recursive: true, force: true });
  }
});
