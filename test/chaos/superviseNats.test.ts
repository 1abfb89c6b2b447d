import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNatsServer } from '@longhaul/nats-server';
import { within } from '@longhaul/testing';
import { connect } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { type Span, stillMs } from './lives.ts';
import { superviseNats } from './superviseNats.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise(resolve => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

test('a nats-server that hangs is restarted; one that the plan takes away is left alone', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'longhaul-supervised-'));
  const monitor = await freePort();
  await using nats = await startNatsServer({ dataDir, configText: `http: "127.0.0.1:${monitor}"\n` });
  const natsOutages: Span[] = [];
  const restarted = Promise.withResolvers<number>();
  const system = {
    nats,
    monitorUrl: `http://127.0.0.1:${monitor}`,
    natsOutages,
    natsOutage: async (_kind: unknown, _forMs: number, sinceMs = 0) => {
      await nats.kill('SIGKILL');
      await nats.restart();
      restarted.resolve(sinceMs);
    },
  };
  const said: string[] = [];
  const over = new AbortController();
  const pid = nats.pid;
  const supervising = superviseNats(system, line => said.push(line), over.signal, {
    everyMs: 50,
    hungAfterMs: 500,
  });

  const planned: Span = { fromMs: Date.now(), toMs: stillMs };
  natsOutages.push(planned);
  process.kill(nats.pid, 'SIGSTOP');
  await new Promise(resolve => setTimeout(resolve, 1_500));
  expect([nats.pid, said]).toEqual([pid, []]);
  natsOutages.length = 0;

  await within('the restart', restarted.promise);
  expect(nats.pid).not.toBe(pid);
  expect(said[0]).toMatch(/^nats-server has been silent for \d+ ms/);
  const nc = await connect({ servers: nats.url });
  await nc.close();
  over.abort();
  await supervising;
  await nats.stop();
  await rm(dataDir, { recursive: true, force: true });
});
