import type { Broker } from '@longhaul/broker';
import {
  type ActiveStatus,
  isTerminal,
  type Priority,
  priorities,
  type QueueInfo,
} from '@longhaul/proto/wire';
import type { TaskCount } from './taskCounts.ts';

/** The column that counts a status. A paused task still occupies its executor. */
const columnOf: {
  readonly [S in ActiveStatus]: 'pending' | 'scheduled' | 'running' | 'retrying' | 'stopping';
} = {
  SCHEDULED: 'scheduled',
  PENDING: 'pending',
  RUNNING: 'running',
  PAUSED: 'running',
  RETRYING: 'retrying',
  STOPPING: 'stopping',
};

type Counts = { -readonly [K in keyof QueueInfo]: QueueInfo[K] };

/**
 * The queue of each task type. An operator gets the counts of the nats-server. A user gets counts of its own tasks' records,
 * since the server does not count by owner. Records are also counted for a task type that no executor has served yet.
 *
 * @param counts of the tasks that the caller may see
 * @param seesAll whether the caller may see the tasks of all owners
 */
export function queuesOf(
  names: Iterable<string>,
  states: readonly QueueState[],
  counts: readonly TaskCount[],
  seesAll: boolean,
): QueueInfo[] {
  const byName = new Map<string, Counts>();
  for (const name of names) {
    const pending = { high: 0, normal: 0, low: 0 };
    byName.set(name, { name, paused: false, pending, scheduled: 0, running: 0, retrying: 0, stopping: 0 });
  }
  for (const { name, priority, status, count } of counts) {
    const queue = byName.get(name);
    if (!queue) continue;
    if (isTerminal(status)) continue;
    const column = columnOf[status];
    if (column === 'pending') queue.pending[priority] += count;
    else queue[column] += count;
  }
  for (const { name, priority, pending, delivered, paused } of states) {
    const queue = byName.get(name);
    if (!queue) continue;
    queue.paused ||= paused;
    if (!seesAll) continue;
    queue.pending[priority] = pending;
    queue.delivered = (queue.delivered ?? 0) + delivered;
  }
  return [...byName.values()];
}

/** The counts of the nats-server for the requests of one task type and priority. */
export type QueueState = {
  readonly name: string;
  readonly priority: Priority;
  /** Requests that have not been delivered to an executor. */
  readonly pending: number;
  /** Requests that an executor has, or that the server will deliver again. */
  readonly delivered: number;
  readonly paused: boolean;
};

/**
 * Reads the queues of all task types and priorities. A task type has none before its first executor or pause. Takes one
 * request for every 256 consumers.
 */
export async function readQueues(broker: Broker, names: Iterable<string>): Promise<QueueState[]> {
  const { requestStream, consumers } = broker.topology;
  const byConsumer = new Map<string, Pick<QueueState, 'name' | 'priority'>>();
  for (const name of names)
    for (const priority of priorities)
      byConsumer.set(consumers.requests(name, priority).durable_name, { name, priority });
  const states: QueueState[] = [];
  for await (const info of broker.jsm.consumers.list(requestStream)) {
    const queue = byConsumer.get(info.name);
    if (!queue) continue;
    states.push({
      ...queue,
      pending: info.num_pending,
      delivered: info.num_ack_pending,
      paused: info.paused ?? false,
    });
  }
  return states;
}

/** How many events are not folded into records yet, and the age of the oldest one. */
export type ProjectionLag = { readonly events: number; readonly seconds: number };

/** Reads how far the records are behind the events. */
export async function readProjectionLag(broker: Broker): Promise<ProjectionLag> {
  const { jsm, topology } = broker;
  const { num_pending, num_ack_pending, ack_floor } = await jsm.consumers.info(
    topology.eventStream,
    topology.consumers.projection.durable_name,
  );
  const events = num_pending + num_ack_pending;
  if (events === 0) return { events, seconds: 0 };
  const oldest = await jsm.direct.getMessage(topology.eventStream, {
    seq: ack_floor.stream_seq + 1,
    next_by_subj: topology.subjects.allEvents,
  });
  return {
    events,
    seconds: oldest ? Math.max(0, (broker.clock.nowMs() - oldest.time.getTime()) / 1_000) : 0,
  };
}
