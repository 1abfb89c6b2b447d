import { randomUUID } from 'node:crypto';
import { fold, recordOfRequest, requestSchema, type TaskRecord } from '@longhaul/proto/wire';
import type { Broker } from './broker.ts';
import { decode } from './codec.ts';
import { lastEntry, readFromLeader } from './readEventLog.ts';

/**
 * Finds a task without its record, in the order in which it goes through the streams (schedule, request, events): each
 * is stored before the one before it is removed, so a task that was accepted is always found.
 *
 * @param maySee whether the task of that owner may be found. Of one that may not, as much is read as of one that is not
 *   there, so that a caller cannot tell the two apart by the time that it takes (invariant 8, owner-only)
 * @returns the record of its request alone while that is on the queue, else the fold of its events
 */
export async function findAccepted(
  broker: Broker,
  id: string,
  maySee: (owner: string) => boolean = () => true,
): Promise<TaskRecord | undefined> {
  const { subjects } = broker.topology;
  // What is read of an id once it is known to be a task of another owner: `undefined`.
  let lookedFor = id;
  for (const subject of [subjects.scheduleOf(id), subjects.requestOf(id)]) {
    const requested = await readRequest(broker, id, subject);
    if (!requested) continue;
    if (maySee(requested.owner)) return requested;
    lookedFor = randomUUID();
  }
  return foldLog(broker, lookedFor, undefined, maySee);
}

/**
 * Makes a task's record of its request and its whole event log, as far as they are still there: where its record does not
 * fit, and so cannot be folded on.
 */
export async function recordFromLog(broker: Broker, id: string): Promise<TaskRecord | undefined> {
  const { subjects } = broker.topology;
  // In this order: each is stored before the one before it is removed.
  const requested =
    (await readRequest(broker, id, subjects.scheduleOf(id))) ??
    (await readRequest(broker, id, subjects.requestOf(id)));
  return foldLog(broker, id, requested, () => true);
}

async function readRequest(broker: Broker, id: string, subject: string): Promise<TaskRecord | undefined> {
  const { requestStream } = broker.topology;
  const message = await broker.jsm.streams.getMessage(requestStream, { last_by_subj: subject });
  if (!message) return undefined;
  const name = message.subject.slice(message.subject.indexOf(id) + id.length + 1);
  return recordOfRequest(id, name, decode(requestSchema, message.subject, message.data));
}

async function foldLog(
  broker: Broker,
  id: string,
  requested: TaskRecord | undefined,
  maySee: (owner: string) => boolean,
): Promise<TaskRecord | undefined> {
  const { subjects } = broker.topology;
  // Of the progress the last alone counts, so a chatty task costs no more than another.
  const progress = (await lastEntry(broker, subjects.progressOf(id)))?.stored;
  let record = requested;
  for await (const { stored } of readFromLeader(broker, subjects.lifecycleOf(id), 1)) {
    if (!stored) continue;
    if (!maySee(stored.event.owner)) return undefined;
    if (progress && progress.seq < stored.seq) record = record && fold(record, progress);
    record = fold(record, stored);
  }
  return record && progress ? fold(record, progress) : record;
}
