import {
  isLifecycle,
  type StoredEvent,
  type TaskAddress,
  type TaskEvent,
  type TaskState,
} from '@longhaul/proto/wire';
import type { MsgRequest, NextMsgRequest } from '@nats-io/jetstream';
import type { Broker } from './broker.ts';
import { readStream } from './directBatch.ts';
import type { LogEnd } from './eventLog.ts';
import { type LogEntry, toLogEntry } from './logEntry.ts';

/**
 * Reads where a task's log ends, as the stream's leader has it, in constant time: the last event of any kind, and where
 * that is none of its life, the last that is.
 *
 * In this order no lifecycle event can be missed: one that is stored before the first read is found by the second at
 * the latest, and behind one that is stored between the two, or after them, an append to this end is refused.
 *
 * @param unbegun the state of the task's request alone: it counts where the log has no lifecycle event
 */
export async function readLogEnd(broker: Broker, task: TaskAddress, unbegun: TaskState): Promise<LogEnd> {
  const { subjects } = broker.topology;
  const last = await lastEntry(broker, subjects.eventsOf(task.id));
  if (!last) return { state: unbegun, lastSeq: 0 };
  const isTheirs = last.stored?.name === task.name && isLifecycle(last.stored.event);
  if (isTheirs) return { state: stateIn(last.stored.event) ?? unbegun, lastSeq: last.seq };
  const { good, newest } = await lastGood(broker, subjects.event(task, 'life'));
  return {
    state: (good && stateIn(good.event)) ?? unbegun,
    lastSeq: Math.max(last.seq, newest),
  };
}

/** A task's last lifecycle event, as the leader has it; `undefined`: it has none (or all have expired). */
export async function lastLifecycle(broker: Broker, task: TaskAddress): Promise<StoredEvent | undefined> {
  return (await lastGood(broker, broker.topology.subjects.event(task, 'life'))).good;
}

/** How many progress or log events a task has had: the ordinal of the last one, as the leader has it. */
export async function countOf(broker: Broker, task: TaskAddress, kind: 'progress' | 'log'): Promise<number> {
  const { good } = await lastGood(broker, broker.topology.subjects.event(task, kind));
  return good && 'ordinal' in good.event ? good.event.ordinal : 0;
}

/** The last message below a subject, as the leader has it; `undefined`: there is none. */
export async function lastEntry(broker: Broker, subject: string): Promise<LogEntry | undefined> {
  return readEntry(broker, { last_by_subj: subject });
}

/** The first message below a subject from a sequence on, as the leader has it; `undefined`: there is none. */
export async function nextEntry(
  broker: Broker,
  subject: string,
  fromSeq: number,
): Promise<LogEntry | undefined> {
  // The server takes `next_by_subj` here as in direct gets; the client's type of this call leaves it out.
  const query: NextMsgRequest & { seq: number } = { seq: Math.max(1, fromSeq), next_by_subj: subject };
  return readEntry(broker, query);
}

/**
 * The last event below a subject that fits the protocol, and the sequence of the last message of any sort. Where a
 * foreign writer's is the last, the subject is read from its beginning: as many as the stream's limit allows.
 */
async function lastGood(
  broker: Broker,
  subject: string,
): Promise<{ readonly good: StoredEvent | undefined; readonly newest: number }> {
  const last = await lastEntry(broker, subject);
  if (!last?.malformed) return { good: last?.stored, newest: last?.seq ?? 0 };
  let good: StoredEvent | undefined;
  let newest = 0;
  for await (const entry of readAll(broker, subject, 1)) {
    good = entry.stored ?? good;
    newest = entry.seq;
  }
  return { good, newest };
}

/**
 * Reads the messages below a subject in stream order from `fromSeq` on, from any replica, which may lag behind.
 *
 * @param subject an event subject, of one task or with wildcards
 * @throws TimeoutError when NATS does not answer
 */
export async function* replayEntries(
  broker: Broker,
  subject: string,
  fromSeq: number,
): AsyncGenerator<LogEntry, void, void> {
  for await (const message of readStream(broker, broker.topology.eventStream, subject, fromSeq))
    yield toLogEntry(broker, message.subject, message.seq, message.data, message.header);
}

/** The events among them that fit the protocol. */
export async function* replayEvents(
  broker: Broker,
  subject: string,
  fromSeq: number,
): AsyncGenerator<StoredEvent, void, void> {
  for await (const { stored } of replayEntries(broker, subject, fromSeq)) if (stored) yield stored;
}

/** The same as the leader has them, which cannot lag: a call for each message. */
export async function* readFromLeader(
  broker: Broker,
  subject: string,
  fromSeq: number,
): AsyncGenerator<LogEntry, void, void> {
  for (let next = fromSeq; ; ) {
    const entry = await nextEntry(broker, subject, next);
    if (!entry) return;
    yield entry;
    next = entry.seq + 1;
  }
}

/** Everything below a subject: in batches from any replica, and from the leader what that one does not have yet. */
export async function* readAll(
  broker: Broker,
  subject: string,
  fromSeq: number,
): AsyncGenerator<LogEntry, void, void> {
  let next = fromSeq;
  for await (const entry of replayEntries(broker, subject, fromSeq)) {
    yield entry;
    next = entry.seq + 1;
  }
  yield* readFromLeader(broker, subject, next);
}

async function readEntry(broker: Broker, query: MsgRequest): Promise<LogEntry | undefined> {
  const { jsm, topology, reconnections } = broker;
  const message = await reconnections.answerOf(jsm.streams.getMessage(topology.eventStream, query));
  return message ? toLogEntry(broker, message.subject, message.seq, message.data, message.header) : undefined;
}

function stateIn(event: TaskEvent): TaskState | undefined {
  return isLifecycle(event) ? event.state : undefined;
}
