import type { Broker } from '@longhaul/broker';
import type { ExecutorStatus } from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import { type MicroService, startMicroService } from './microService.ts';

/**
 * Makes the executor visible as a NATS service (NATS ADR-32): `nats micro ls` and `nats micro info executor` show
 * it, and every executor answers a request on the status subject.
 */
export function registerExecutor(
  broker: Broker,
  logger: Logger,
  version: string,
  status: () => ExecutorStatus,
): MicroService {
  const { executor, tasks, slots } = status();
  return startMicroService(broker.nc, {
    name: 'executor',
    version,
    description: 'Runs Longhaul tasks',
    metadata: {
      executor,
      tasks: tasks.join(' '),
      slots: String(slots),
      namespace: broker.topology.namespace,
    },
    endpoint: { name: 'status', subject: broker.topology.subjects.executorStatus, answer: status },
    onRefused: (err, subject) =>
      logger.warn({ err, subject }, 'NATS refused a subscription: tools do not see this executor there'),
  });
}
