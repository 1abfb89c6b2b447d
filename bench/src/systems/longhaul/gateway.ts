import { createGateway } from '@longhaul/gateway';
import { runService } from '@longhaul/runtime';
import { endWithParent } from '../endWithParent.ts';
import { benchContract } from './contract.ts';

endWithParent();
await runService('bench gateway', 'error', async logger => {
  const service = await createGateway({
    contract: benchContract,
    nats: { servers: process.env.NATS_URL ?? '' },
    port: 0,
    logger,
  });
  return { service, ready: { url: service.url } };
});
