import { fold, recordOfRequest, requestSchema, type TaskRecord } from '@longhaul/proto';
import { decode } from './border.ts';
import type { Broker } from './broker.ts';
import { lastEntry, readFromLeader } from './readEventLog.ts';

/**
 * Finds a task without its record, in the order in which it goes through the streams (schedule, request, events): each
 * is stored before the one before it is removed, so a task that was accepted is always found.
 *
 * @returns the record of its request alone while that is on the queue, else the fold of its events
 */
export async function findAccepted(broker: Broker, id: string): Promise<TaskRecord | undefined> {
  const { subjects, requestStream } = broker.topology;
  for (const subject of [subjects.scheduleOf(id), subjects.requestOf(id)]) {
    const message = await broker.jsm.streams.getMessage(requestStream, { last_by_subj: subject });
    if (!message) continue;
    const name = message.subject.slice(message.subject.indexOf(id) + id.length + 1);
    return recordOfRequest(id, name, decode(requestSchema, message.subject, message.data));
  }
  // Of the progress the last alone counts, so a chatty task costs no more than another.
  const progress = (await lastEntry(broker, subjects.progressOf(id)))?.stored;
  let record: TaskRecord | undefined;
  for await (const { stored } of readFromLeader(broker, subjects.lifecycleOf(id), 1)) {
    if (!stored) continue;
    if (progress && progress.seq < stored.seq) record = record && fold(record, progress);
    record = fold(record, stored);
  }
  return record && progress ? fold(record, progress) : record;
}
