import { randomUUID } from 'node:crypto';
import { type Broker, encode } from '@longhaul/broker';
import type { ExecutorStatus } from '@longhaul/proto/wire';
import type { Msg, NatsConnection, Subscription } from '@nats-io/nats-core';
import type { Logger } from 'pino';

/** What a NATS service reports about itself. */
export type MicroServiceOptions = {
  readonly name: string;
  /** A semantic version. */
  readonly version: string;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly endpoint: {
    readonly name: string;
    readonly subject: string;
    /** The answer to each request. */
    readonly answer: () => unknown;
  };
  /** Called when the server refuses one of the subscriptions: then the service is not visible under its subject. */
  readonly onRefused: (error: Error, subject: string) => void;
};

/** A NATS service that answers. */
export type MicroService = { readonly id: string; readonly stop: () => Promise<void> };

/**
 * A service by the NATS services protocol (ADR-32), with one endpoint that every instance answers: it is pinged, asked
 * for its information and its statistics on `$SRV.<verb>`, `$SRV.<verb>.<name>` and `$SRV.<verb>.<name>.<id>`.
 *
 * Written here because `@nats-io/services` is still a pre-release that brings a second, older nats-core with it, whose
 * types do not fit ours: each user would have to override that (see docs/decisions/0022).
 */
export function startMicroService(nc: NatsConnection, options: MicroServiceOptions): MicroService {
  const { name, version, description, metadata, endpoint, onRefused } = options;
  const id = randomUUID();
  const started = new Date().toISOString();
  const counted = { requests: 0, errors: 0, lastError: '', processingNs: 0 };
  const identity = { name, id, version, metadata };
  const described = { name: endpoint.name, subject: endpoint.subject, queue_group: '' };

  const answers: Record<string, () => object> = {
    ping: () => ({ type: 'io.nats.micro.v1.ping_response', ...identity }),
    info: () => ({
      type: 'io.nats.micro.v1.info_response',
      ...identity,
      description,
      endpoints: [{ ...described, metadata: {} }],
    }),
    stats: () => ({
      type: 'io.nats.micro.v1.stats_response',
      ...identity,
      started,
      endpoints: [
        {
          ...described,
          num_requests: counted.requests,
          num_errors: counted.errors,
          last_error: counted.lastError,
          processing_time: counted.processingNs,
          average_processing_time:
            counted.requests === 0 ? 0 : Math.round(counted.processingNs / counted.requests),
        },
      ],
    }),
  };

  const listen = (subject: string, onRequest: (message: Msg) => void): Subscription =>
    nc.subscribe(subject, {
      callback: (error, message) => {
        if (error) onRefused(error, subject);
        else onRequest(message);
      },
    });
  const subscriptions = [
    ...Object.entries(answers).flatMap(([verb, answer]) => {
      const all = `$SRV.${verb.toUpperCase()}`;
      return [all, `${all}.${name}`, `${all}.${name}.${id}`].map(subject =>
        listen(subject, message => void message.respond(encode(answer()))),
      );
    }),
    listen(endpoint.subject, message => {
      const begun = process.hrtime.bigint();
      counted.requests += 1;
      try {
        message.respond(encode(endpoint.answer()));
      } catch (error) {
        counted.errors += 1;
        counted.lastError = error instanceof Error ? error.message : String(error);
      }
      counted.processingNs += Number(process.hrtime.bigint() - begun);
    }),
  ];
  return {
    id,
    // Drained, so that a request that came just before is still answered.
    stop: async () =>
      void (await Promise.all(subscriptions.filter(each => !each.isClosed()).map(each => each.drain()))),
  };
}

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
