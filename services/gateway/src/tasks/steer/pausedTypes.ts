import { type Broker, ensureConsumer, sendCommand } from '@longhaul/broker';
import { priorities, type Wake } from '@longhaul/proto/wire';

/** JetStream pauses a consumer until a given time. A task type is paused until it is resumed, so that time is far away. */
const farAwayMs = 100 * 365 * 24 * 60 * 60 * 1_000;

/**
 * Pauses a task type: its requests are no longer delivered to executors. Starts are accepted and wait; running tasks
 * continue. The nats-server stores the pause, so it outlives restarts of all processes (consumer pauses, NATS ADR-28).
 */
export async function pauseType(broker: Broker, name: string): Promise<void> {
  const { requestStream, consumers } = broker.topology;
  const until = new Date(broker.clock.nowMs() + farAwayMs);
  await Promise.all(
    priorities.map(async priority => {
      const plan = consumers.requests(name, priority);
      // A task type that no executor has served yet has no consumer. It is created paused, for its first executor.
      await ensureConsumer(broker, requestStream, plan);
      await broker.jsm.consumers.pause(requestStream, plan.durable_name, until);
    }),
  );
}

/**
 * Resumes a task type: waiting requests are delivered again. Resuming one that is not paused changes nothing. Executors are
 * notified, so that they pull again; an executor that misses the message does so when its pulls expire, within 30 s.
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

/** Which of the given task types are paused. */
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
