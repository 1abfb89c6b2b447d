import { createGateway } from '@longhaul/gateway';
import { runService } from '@longhaul/service';
import { scriptedContract } from './scriptedTasks.ts';

/** A gateway of the scripted tasks, for tests that kill it. */
await runService('scripted gateway', 'error', async logger => {
  const { NATS_URL = '', LONGHAUL_NAMESPACE = '', PORT } = process.env;
  const service = await createGateway({
    contract: scriptedContract,
    nats: { servers: NATS_URL },
    namespace: LONGHAUL_NAMESPACE,
    port: Number(PORT),
    logger,
  });
  return { service, ready: { url: service.url } };
});
