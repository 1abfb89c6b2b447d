import { type Broker, encode } from '@longhaul/broker';
import { type Service, Svcm } from '@nats-io/services';

/** What an executor says of itself on `tasks.executors.status`. */
export type ExecutorStatus = {
  readonly v: 1;
  readonly executor: string;
  readonly tasks: readonly string[];
  readonly slots: number;
  readonly running: readonly { readonly id: string; readonly name: string; readonly attempt: number }[];
  readonly startedAt: string;
};

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
