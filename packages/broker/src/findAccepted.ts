import { fold, recordOfRequest, requestSchema, type TaskRecord } from '@longhaul/proto';
import { decode } from './border.ts';
import type { Broker } from './broker.ts';
import { readFromLeader } from './eventChain.ts';

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
  let record: TaskRecord | undefined;
  for await (const event of readFromLeader(broker, subjects.eventsOf(id), 1)) record = fold(record, event);
  return record;
}
