import { type Broker, encode } from '@longhaul/broker';
import type { ExecutorStatus } from '@longhaul/proto';
import { type Service, Svcm } from '@nats-io/services';

/**
 * Makes the executor visible as a NATS service (NATS ADR-32): `nats micro ls` and `nats micro info executor` show
 * it, and every executor answers a request on the status subject.
 */
export async function registerExecutor(
  broker: Broker,
  version: string,
  status: () => ExecutorStatus,
): Promise<Service> {
  const { executor, tasks, slots } = status();
  const service = await new Svcm(broker.nc).add({
    name: 'executor',
    version,
    description: 'Runs Longhaul tasks',
    // Every executor answers, not one of them.
    queue: '',
    metadata: {
      executor,
      tasks: tasks.join(' '),
      slots: String(slots),
      namespace: broker.topology.namespace,
    },
  });
  service.addEndpoint('status', {
    subject: broker.topology.subjects.executorStatus,
    handler: (error, message) => {
      if (!error) message.respond(encode(status()));
    },
  });
  return service;
}
