import { type Broker, ensureConsumer, sendCommand } from '@longhaul/broker';
import { priorities, type Wake } from '@longhaul/proto/wire';

/** JetStream pauses a consumer until a time; a name is paused until somebody resumes it. */
const farAwayMs = 100 * 365 * 24 * 60 * 60 * 1_000;

/**
 * Pauses a task name: no executor is given a request of it any more; starts are accepted and wait, what runs goes on.
 * The pause is kept by the nats-server, so it outlives restarts of everything (consumer pauses, NATS ADR-28).
 */
export async function pauseType(broker: Broker, name: string): Promise<void> {
  const { requestStream, consumers } = broker.topology;
  const until = new Date(Date.now() + farAwayMs);
  await Promise.all(
    priorities.map(async priority => {
      const plan = consumers.requests(name, priority);
      // A name that no executor has served yet has no consumer; made paused, it waits for its first executor so.
      await ensureConsumer(broker, requestStream, plan);
      await broker.jsm.consumers.pause(requestStream, plan.durable_name, until);
    }),
  );
}

/**
 * Ends a pause: what waits is taken again. Resuming what is not paused changes nothing. Executors are told, so that
 * they pull anew; one that does not hear it does so when its pulls expire, within 30 s.
 */
export async function resumeType(broker: Broker, name: string): Promise<void> {
  const { requestStream, consumers } = broker.topology;
  await Promise.all(
    priorities.map(async priority => {
      const plan = consumers.requests(name, priority);
      await ensureConsumer(broker, requestStream, plan);
      await broker.jsm.consumers.resume(requestStream, plan.durable_name);
    }),
  );
  const wake: Wake = { v: 1 };
  sendCommand(broker, broker.topology.subjects.executorWake, wake);
}

/** Which of some names are paused. */
export async function pausedTypes(broker: Broker, names: readonly string[]): Promise<ReadonlySet<string>> {
  const { requestStream, consumers } = broker.topology;
  const paused = new Set<string>();
  for await (const { name, paused: isPaused } of broker.jsm.consumers.list(requestStream))
    if (isPaused) paused.add(name);
  return new Set(
    names.filter(name =>
      priorities.every(priority => paused.has(consumers.requests(name, priority).durable_name)),
    ),
  );
}
