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
  const { subjects, requestStream } = broker.topology;
  // What is read of an id once it is known to be a task of another owner: `undefined`.
  let lookedFor = id;
  for (const subject of [subjects.scheduleOf(id), subjects.requestOf(id)]) {
    const message = await broker.jsm.streams.getMessage(requestStream, { last_by_subj: subject });
    if (!message) continue;
    const name = message.subject.slice(message.subject.indexOf(id) + id.length + 1);
    const request = decode(requestSchema, message.subject, message.data);
    if (maySee(request.owner)) return recordOfRequest(id, name, request);
    lookedFor = randomUUID();
  }
  // Of the progress the last alone counts, so a chatty task costs no more than another.
  const progress = (await lastEntry(broker, subjects.progressOf(lookedFor)))?.stored;
  let record: TaskRecord | undefined;
  for await (const { stored } of readFromLeader(broker, subjects.lifecycleOf(lookedFor), 1)) {
    if (!stored) continue;
    if (!maySee(stored.event.owner)) return undefined;
    if (progress && progress.seq < stored.seq) record = record && fold(record, progress);
    record = fold(record, stored);
  }
  return record && progress ? fold(record, progress) : record;
}
