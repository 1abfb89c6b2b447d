import {
  eventSchema,
  isLifecycle,
  kindOfEvent,
  type LifecycleChange,
  nextState,
  progressKeptSeconds,
  type TaskAddress,
  type TaskEvent,
  type TaskRequest,
  type TaskState,
} from '@longhaul/proto/wire';
import type { PubAck } from '@nats-io/jetstream';
import type { Broker } from './broker.ts';
import { encodeChecked } from './codec.ts';
import { traceHeaders } from './tracing.ts';

const progressTtl = `${progressKeptSeconds}s`;

/** Where a task's event log ends: the state there, and the sequence of its last event of any kind (0: it has none). */
export type LogEnd = {
  /** The state that the task's last lifecycle event carries. */
  readonly state: TaskState;
  /** The sequence of the task's last event of any kind; 0: it has none. */
  readonly lastSeq: number;
};

/**
 * Appends an event after the event that it follows. Progress and logs expire by themselves; not the first event of a
 * log, whatever it is, since the task's request is in it.
 *
 * Invariant 2, ends-once: JetStream compares `after` with the last sequence that any of the task's subjects has and
 * stores the event in one step, so of several writers exactly one wins, whatever kinds they write and in whatever order
 * they come. The others are refused with code 10071, in a cluster also 10164 (see `isWrongLastSequence`). The header
 * stays in the stored and in the republished message: an event names its predecessor.
 *
 * @param after the sequence of the task's last event of any kind, 0 for none
 * @throws BadMessageError when the event does not fit the protocol: it is not written (decision 0016)
 */
export async function appendEvent(
  broker: Broker,
  task: TaskAddress,
  event: TaskEvent,
  after: number,
): Promise<PubAck> {
  const headers = traceHeaders();
  const { subjects } = broker.topology;
  const subject = subjects.event(task, kindOfEvent(event.type));
  return broker.acked.publish(subject, encodeChecked(eventSchema, subject, event), {
    ...(headers ? { headers } : {}),
    expect: { lastSubjectSequence: after, subject: subjects.eventsOf(task.id) },
    ...(isLifecycle(event) || after === 0 ? {} : { ttl: progressTtl }),
  });
}

/**
 * Appends a lifecycle event to the end of a task's log, with the state that it leaves behind.
 *
 * @param end the log's end as it was read
 * @returns the log's end with the event
 * @throws RangeError when the state there allows no such event; JetStreamApiError when another event came first (see
 *   `isWrongLastSequence`)
 */
export async function appendLifecycle(
  broker: Broker,
  task: TaskAddress,
  request: TaskRequest,
  end: LogEnd,
  change: LifecycleChange,
): Promise<LogEnd> {
  const state = nextState(end.state, change);
  if (!state) throw new RangeError(`No ${change.type} can follow while a task is ${end.state.status}.`);
  const event: TaskEvent = {
    v: 2,
    ...change,
    owner: request.owner,
    state,
    // In the first event of the task's life, so that the record can be made of events alone: also where a foreign
    // writer's message, which is no event, stands before it.
    ...(end.state.events === 0 ? { task: request } : {}),
  };
  const { seq } = await appendEvent(broker, task, event, end.lastSeq);
  return { state, lastSeq: seq };
}
