import { createExecutor } from '@longhaul/executor';
import { runService } from '@longhaul/service';
import { scriptedContract, scriptedHandlers } from './scriptedTasks.ts';

/** An executor of the scripted tasks, for tests that kill it. */
await runService('scripted executor', 'error', async logger => {
  const { NATS_URL = '', LONGHAUL_NAMESPACE = '', CONCURRENCY } = process.env;
  const service = await createExecutor({
    contract: scriptedContract,
    handlers: scriptedHandlers,
    nats: { servers: NATS_URL },
    namespace: LONGHAUL_NAMESPACE,
    concurrency: Number(CONCURRENCY),
    logger,
  });
  return { service, ready: { executor: service.id } };
});
