import {
  eventSchema,
  isLifecycle,
  progressKeptSeconds,
  type StoredEvent,
  type TaskAddress,
  type TaskEvent,
} from '@longhaul/proto';
import type { NextMsgRequest, PubAck, StoredMsg } from '@nats-io/jetstream';
import { decode, encodeChecked } from './border.ts';
import type { Broker } from './broker.ts';
import { readStream } from './directBatch.ts';
import { traceHeaders } from './tracing.ts';

const progressTtl = `${progressKeptSeconds}s`;

/**
 * Appends an event after the event that it follows. Progress and logs expire by themselves; not the first event of a
 * chain, whatever it is, since the task's request is in it.
 *
 * Invariant 2, ends-once: JetStream compares `after` with the last sequence of the task's subject and stores the
 * event in one step, so of several writers exactly one wins, in whatever order they come. The others are refused
 * with code 10071 (see `isWrongLastSequence`).
 *
 * @param after the sequence of the task's last event, 0 for none
 * @throws BadMessageError when the event does not fit the protocol: it is not written (decision 0016)
 */
export async function appendEvent(
  broker: Broker,
  task: TaskAddress,
  event: TaskEvent,
  after: number,
): Promise<PubAck> {
  const headers = traceHeaders();
  const subject = broker.topology.subjects.event(task);
  return broker.acked.publish(subject, encodeChecked(eventSchema, subject, event), {
    ...(headers ? { headers } : {}),
    expect: { lastSubjectSequence: after },
    ...(isLifecycle(event) || after === 0 ? {} : { ttl: progressTtl }),
  });
}

/**
 * Reads stored events in stream order from `fromSeq` on.
 *
 * @param subject an event subject, of one task or with wildcards
 * @throws TimeoutError when NATS does not answer
 */
export async function* replayEvents(
  broker: Broker,
  subject: string,
  fromSeq: number,
): AsyncGenerator<StoredEvent> {
  for await (const message of readStream(broker, broker.topology.eventStream, subject, fromSeq)) {
    const event = toStoredEvent(broker, message.subject, message.seq, message.data);
    if (event) yield event;
  }
}

/**
 * Reads events as the stream's leader has them. A direct get may be answered by a replica that lags; after a refused
 * append only the leader can say what came between.
 */
export async function* readFromLeader(
  broker: Broker,
  subject: string,
  fromSeq: number,
): AsyncGenerator<StoredEvent> {
  let next = Math.max(1, fromSeq);
  for (;;) {
    // The server takes `next_by_subj` here as in direct gets; the client's type of this call leaves it out.
    const query: NextMsgRequest & { seq: number } = { seq: next, next_by_subj: subject };
    const message: StoredMsg | null = await broker.jsm.streams.getMessage(broker.topology.eventStream, query);
    if (!message) return;
    next = message.seq + 1;
    const event = toStoredEvent(broker, message.subject, message.seq, message.data);
    if (event) yield event;
  }
}

/** A task's last event; `undefined`: it has none (or all have expired). */
export async function lastEvent(broker: Broker, task: TaskAddress): Promise<StoredEvent | undefined> {
  const message = await broker.jsm.direct.getMessage(broker.topology.eventStream, {
    last_by_subj: broker.topology.subjects.event(task),
  });
  return message ? toStoredEvent(broker, message.subject, message.seq, message.data) : undefined;
}

/** The sequence of a task's last event, 0 when it has none (or all have expired). */
export async function lastEventSeq(broker: Broker, task: TaskAddress): Promise<number> {
  const message = await broker.jsm.direct.getMessage(broker.topology.eventStream, {
    last_by_subj: broker.topology.subjects.event(task),
  });
  return message?.seq ?? 0;
}

/**
 * Reads an event by its schema. `undefined`: it is not one of this version's, which readers pass over, so that one
 * stray message cannot stop a projection or a watcher.
 */
export function toStoredEvent(
  broker: Broker,
  subject: string,
  seq: number,
  data: Uint8Array,
): StoredEvent | undefined {
  const address = broker.topology.subjects.parseEvent(subject);
  if (!address) return undefined;
  try {
    return { seq, ...address, event: decode(eventSchema, subject, data) };
  } catch {
    return undefined;
  }
}
