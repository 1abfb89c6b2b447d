import { createExecutor } from '@longhaul/executor';
import { runService } from '@longhaul/runtime';
import { answerHeap } from './answerTest.ts';
import { logHandlers } from './handlerLog.ts';
import { scriptedContract, scriptedHandlers } from './scriptedTasks.ts';

/** An executor of the scripted tasks, for tests that kill it. */
await runService('scripted executor', 'error', async logger => {
  const {
    NATS_URL = '',
    LONGHAUL_NAMESPACE = '',
    CONCURRENCY,
    EXECUTOR_ID,
    DRAIN_MS,
    HANDLER_LOG,
  } = process.env;
  const service = await createExecutor({
    contract: scriptedContract,
    handlers: HANDLER_LOG === undefined ? scriptedHandlers : logHandlers(scriptedHandlers, HANDLER_LOG),
    nats: { servers: NATS_URL },
    namespace: LONGHAUL_NAMESPACE,
    concurrency: Number(CONCURRENCY),
    logger,
    ...(EXECUTOR_ID === undefined ? {} : { id: EXECUTOR_ID }),
    ...(DRAIN_MS === undefined ? {} : { drainMs: Number(DRAIN_MS) }),
  });
  answerHeap();
  return { service, ready: { executor: service.id } };
});
