import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTopology } from '@longhaul/proto/wire';
import { freshNamespace, within } from '@longhaul/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, inject, test } from 'vitest';

/** A service that cannot start closes all that it opened: its process ends by itself. */

/** Loading all modules of a service takes a busy machine ten seconds. */
const startLimitMs = 60_000;

let folder: string;
let port: number;
const taken = createServer();
const misfit = freshNamespace();
const topology = createTopology(misfit);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longhaul-clean-failure-'));
  await writeFile(join(folder, 'keys.json'), '{"keys":[]}', { mode: 0o600 });
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve));
  const address = taken.address();
  port = typeof address === 'object' && address ? address.port : 0;
  await withStreams(jsm => jsm.streams.add({ name: 'misfit', subjects: [topology.subjects.allEvents] }));
});
afterAll(async () => {
  taken.close();
  await withStreams(async jsm => {
    for await (const name of jsm.streams.names()) {
      const { config } = await jsm.streams.info(name);
      if (config.name === 'misfit' || config.name.toLowerCase().includes(misfit.slice(1)))
        await jsm.streams.delete(name);
    }
  });
  await rm(folder, { recursive: true, force: true });
});

async function withStreams(work: (jsm: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<unknown>) {
  const nc = await connect({ servers: inject('natsUrl') });
  await work(await jetstreamManager(nc));
  await nc.close();
}

const rows: Record<string, { readonly asked: () => object; readonly says: RegExp }> = {
  'a gateway, NATS is away': {
    asked: () => ({ service: 'gateway', natsUrl: 'nats://127.0.0.1:1' }),
    says: /NatsStartError/,
  },
  'a gateway whose keys are watched, with a limit out of range': {
    asked: () => ({ service: 'gateway', apiKeysFile: join(folder, 'keys.json'), streamsPerOwner: -1 }),
    says: /streamsPerOwner/,
  },
  'a gateway, with a payload limit out of range': {
    asked: () => ({ service: 'gateway', payloadLimitBytes: 1 }),
    says: /payloadLimitBytes/,
  },
  'a gateway, on a stream that does not fit': {
    asked: () => ({ service: 'gateway', namespace: misfit }),
    says: /overlap/,
  },
  'a gateway, on a port that is taken': {
    asked: () => ({ service: 'gateway', port }),
    says: /Another process listens at/,
  },
  'an executor, NATS is away': {
    asked: () => ({ service: 'executor', natsUrl: 'nats://127.0.0.1:1', sandbox: 'right' }),
    says: /NatsStartError/,
  },
  'an executor, on a stream that does not fit': {
    asked: () => ({ service: 'executor', namespace: misfit }),
    says: /overlap/,
  },
  'an executor with threads, on a port that is taken': {
    asked: () => ({ service: 'executor', port, sandbox: 'right' }),
    says: /Another process listens at/,
  },
  'an executor whose sandboxed handler cannot be loaded': {
    asked: () => ({ service: 'executor', sandbox: 'broken' }),
    says: /HandlersError.*noSuchHandler/s,
  },
};

describe('a service that cannot start leaves nothing open, and its process ends', () => {
  test.for(Object.entries(rows))(
    '%s',
    { timeout: 2 * startLimitMs },
    async ([_name, { asked, says }], { expect }) => {
      const example = { natsUrl: inject('natsUrl'), namespace: misfit.replace('t', 'u'), ...asked() };
      const child = fork(new URL('./startInProcess.ts', import.meta.url), [], {
        env: { ...process.env, CASE: JSON.stringify(example) },
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      const ended = once(child, 'exit');
      try {
        const [failure] = (await within('its failure', once(child, 'message'), startLimitMs)) as [string];
        expect(failure).toMatch(says);
        expect(await within('the end of its process', ended, startLimitMs)).toEqual([0, null]);
      } finally {
        child.kill('SIGKILL');
        await ended;
      }
    },
  );
});
