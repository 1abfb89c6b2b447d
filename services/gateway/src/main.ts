import { sampleContract } from '@longhaul/proto/sample';
import { readEnvironment, runService } from '@longhaul/service';
import { z } from 'zod';
import { createGateway } from './index.ts';

const port = z.coerce.number().int().min(0).max(65_535);

/** The gateway of the sample contract as a process, configured by its environment. */
const env = readEnvironment(
  z.object({
    NATS_URL: z.string().default('nats://127.0.0.1:4222'),
    LONGHAUL_NAMESPACE: z.string().optional(),
    HOST: z.string().default('127.0.0.1'),
    PORT: port.default(8080),
    LOG_LEVEL: z.string().default('info'),
  }),
);

await runService('gateway', env.LOG_LEVEL, async logger => {
  const service = await createGateway({
    contract: sampleContract,
    nats: { servers: env.NATS_URL },
    host: env.HOST,
    port: env.PORT,
    logger,
    ...(env.LONGHAUL_NAMESPACE === undefined ? {} : { namespace: env.LONGHAUL_NAMESPACE }),
  });
  return { service, ready: { url: service.url } };
});
