import { createExecutor, type HandlersOf } from '@longhaul/executor';
import { createGateway, type ProtectionOptions } from '@longhaul/gateway';
import type { Contract } from '@longhaul/proto';
import { runService } from '@longhaul/runtime';
import { answerBusy, answerHeap } from './answerTest.ts';
import { logHandlers } from './handlerLog.ts';

/** Makes this process an executor, for tests that kill it. `spawnExecutor` starts it and sets its environment. */
export async function runExecutorProcess<C extends Contract>(
  contract: C,
  handlers: HandlersOf<NoInfer<C>>,
): Promise<void> {
  endWithParent();
  await runService('executor under test', 'error', async logger => {
    const {
      NATS_URL = '',
      LONGHAUL_NAMESPACE = '',
      CONCURRENCY,
      EXECUTOR_ID,
      DRAIN_MS,
      HANDLER_LOG,
      ON_CUT_OFF,
    } = process.env;
    const service = await createExecutor<C>({
      contract,
      handlers: HANDLER_LOG === undefined ? handlers : logHandlers(handlers, HANDLER_LOG),
      nats: { servers: NATS_URL },
      namespace: LONGHAUL_NAMESPACE,
      ...acceptedClock(),
      concurrency: Number(CONCURRENCY),
      logger,
      ...(ON_CUT_OFF === 'continue' ? { onCutOff: ON_CUT_OFF } : {}),
      ...(EXECUTOR_ID === undefined ? {} : { id: EXECUTOR_ID }),
      ...(DRAIN_MS === undefined ? {} : { drainMs: Number(DRAIN_MS) }),
    });
    answerHeap();
    return { service, ready: { executor: service.id } };
  });
}

/**
 * Makes this process a gateway, for tests that kill it. `spawnGateway` starts it and sets its environment. Its callers
 * say who they are by a header, `x-owner`.
 */
export async function runGatewayProcess<C extends Contract>(contract: C): Promise<void> {
  endWithParent();
  await runService('gateway under test', 'error', async logger => {
    const { NATS_URL = '', LONGHAUL_NAMESPACE = '', PORT, PROTECTION = '{}', REPLICAS } = process.env;
    const service = await createGateway<C>({
      contract,
      nats: { servers: NATS_URL },
      namespace: LONGHAUL_NAMESPACE,
      ...acceptedClock(),
      port: Number(PORT),
      ...(REPLICAS === undefined ? {} : { replicas: Number(REPLICAS) as 1 | 3 | 5 }),
      authenticate: ({ headers }) => ({ owner: String(headers['x-owner'] ?? 'local'), role: 'user' }),
      protection: JSON.parse(PROTECTION) as ProtectionOptions,
      logger,
    });
    answerHeap();
    answerBusy();
    return { service, ready: { url: service.url } };
  });
}

/** A test that shifts the clock of this process wants to see it work. */
function acceptedClock(): { readonly maxClockOffsetMs?: number } {
  return process.env.CLOCK_AHEAD_MS === undefined ? {} : { maxClockOffsetMs: Number.POSITIVE_INFINITY };
}

/** A test that was killed itself ends nothing. */
function endWithParent(): void {
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
}
