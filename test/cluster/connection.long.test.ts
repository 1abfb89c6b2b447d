import { openConnection } from '@longhaul/broker';
import { within } from '@longhaul/testing';
import { type NatsCluster, startNatsCluster } from '@longhaul/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';

let cluster: NatsCluster;
beforeAll(async () => {
  cluster = await startNatsCluster();
}, 90_000);
afterAll(() => cluster[Symbol.asyncDispose]());

it('a connection leaves a server that is frozen for another one', async () => {
  const { nc, close } = await openConnection({ servers: cluster.url }, 'test');
  const frozen = cluster.servers.find(({ port }) => nc.getServer().endsWith(`:${port}`));
  const { pid } = frozen ?? expect.unreachable();
  const reconnected = (async () => {
    for await (const { type } of nc.status()) if (type === 'reconnect') return;
  })();
  process.kill(pid, 'SIGSTOP');
  try {
    // It accepts connections, since that is done for it, and says nothing to them.
    await within('a reconnection while the server is frozen', reconnected, 60_000);
    expect(nc.getServer().endsWith(`:${frozen?.port}`)).toBe(false);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await close();
}, 120_000);
