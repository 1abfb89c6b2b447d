import { createGateway, type ProtectionOptions } from '@longhaul/gateway';
import { runService } from '@longhaul/runtime';
import { answerBusy, answerHeap } from './answerTest.ts';
import { scriptedContract } from './scriptedTasks.ts';

/** A gateway of the scripted tasks, for tests that kill it. Its callers say who they are by a header, `x-owner`. */
await runService('scripted gateway', 'error', async logger => {
  const { NATS_URL = '', LONGHAUL_NAMESPACE = '', PORT, PROTECTION = '{}' } = process.env;
  const service = await createGateway({
    contract: scriptedContract,
    nats: { servers: NATS_URL },
    namespace: LONGHAUL_NAMESPACE,
    port: Number(PORT),
    authenticate: ({ headers }) => ({ owner: String(headers['x-owner'] ?? 'local'), role: 'user' }),
    protection: JSON.parse(PROTECTION) as ProtectionOptions,
    logger,
  });
  answerHeap();
  answerBusy();
  return { service, ready: { url: service.url } };
});
