import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { consoleDirectory } from '@longhaul/console';
import { createExecutor } from '@longhaul/executor';
import { createGateway } from '@longhaul/gateway';
import { startNatsServer } from '@longhaul/nats-server';
import { contract } from './contract.ts';
import { handlers } from './handlers.ts';

/** NATS, a gateway that lets a page of another origin in, and an executor. */
export async function startSystem(origin: string) {
  const dataDir = await mkdtemp(join(tmpdir(), 'outside-nats-'));
  const server = await startNatsServer({ dataDir });
  const nats = { servers: server.url };
  const gateway = await createGateway({
    contract,
    nats,
    port: 0,
    console: { directory: consoleDirectory },
    protection: { allowedOrigins: [origin] },
  });
  const executor = await createExecutor({ contract, handlers, nats });
  return {
    url: gateway.url,
    stop: async () => {
      await executor.stop();
      await gateway.stop();
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
