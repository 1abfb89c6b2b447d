import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNatsServer } from '@longhaul/nats-server';
import { startStack, within } from '@longhaul/testing';
import { describe, expect, it } from 'vitest';
import { contract } from '../../examples/contract.ts';
import { follow } from '../../examples/natsFails.ts';

describe('the example of outages', () => {
  it('follows a task through a restart of NATS', { timeout: 90_000 }, async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'longhaul-example-'));
    const nats = await startNatsServer({ dataDir });
    const gate = Promise.withResolvers<void>();
    const resize = async () => {
      await gate.promise;
      return { resized: [] };
    };
    {
      await using stack = await startStack({
        natsUrl: nats.url,
        contract,
        handlers: { images: { resize } },
      });
      const task = await stack.tasks.images.resize.start({ files: ['a.png'] });
      const lines: string[] = [];
      const interrupted = Promise.withResolvers<void>();
      const followed = follow(stack.gateways[0]!.url, task.id, line => {
        lines.push(line);
        if (line.startsWith('interrupted')) interrupted.resolve();
        // The first event shows that the stream is open: only then NATS may go.
        else if (lines.length === 1) void nats.kill();
      });
      await within('an interruption', interrupted.promise, 40_000);
      await nats.restart();
      gate.resolve();
      await within('the end', followed, 40_000);
      expect(lines).toContain('interrupted: NATS_UNAVAILABLE');
      expect(lines.at(-1)).toBe('completed');
    }
    await nats.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
});
