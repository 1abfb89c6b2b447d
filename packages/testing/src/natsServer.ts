import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { locateNatsServer, startNatsServer } from '@longhaul/nats-server';
import type { TestNats } from './testNats.ts';

const kinds = ['auto', 'container', 'binary'] as const;

/**
 * Starts the one nats-server of a test run. `LONGHAUL_TEST_NATS` chooses: `container` (an error where that is not
 * possible: a run that should prove the container path must not pass without it), `binary`, or `auto` (the
 * default): a container when a Docker engine answers and the image is available, else the binary.
 *
 * @param say gets a line about what is being done, and in `auto` why there is no container.
 */
export async function natsForTests(say: (line: string) => void = console.log): Promise<TestNats> {
  const asked = process.env.LONGHAUL_TEST_NATS || 'auto';
  const kind = kinds.find(known => known === asked);
  if (kind === undefined) throw new Error(`LONGHAUL_TEST_NATS is "${asked}"; it can be ${kinds.join(', ')}`);
  if (kind !== 'binary') {
    try {
      // Loaded only here: testcontainers need not be installed where no container is wanted.
      const { startNatsContainer } = await import('./natsContainer.ts');
      return await startNatsContainer(say);
    } catch (error) {
      if (kind === 'container') throw error;
      say(`no container: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return await startBinary(say);
}

async function startBinary(say: (line: string) => void): Promise<TestNats> {
  const located = await locateNatsServer({ say });
  const dataDir = await mkdtemp(join(tmpdir(), 'longhaul-test-nats-'));
  const server = await startNatsServer({ binary: located.path, dataDir, say });
  return {
    url: server.url,
    kind: 'binary',
    describe: `nats-server ${located.version}, embedded binary (${located.source})`,
    stop: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
