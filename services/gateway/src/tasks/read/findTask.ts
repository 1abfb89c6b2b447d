import { randomUUID } from 'node:crypto';
import { type Broker, findAccepted } from '@longhaul/broker';
import { GatewayError, statusAsOf, type TaskRecord } from '@longhaul/proto/wire';
import { type Caller, maySee } from '../../auth/caller.ts';
import type { RecordIndex } from '../../records/recordIndex.ts';
import type { RecordStore } from '../../records/recordStore.ts';
import { hasExpired, type Retention } from '../../records/retention.ts';

/** Reads a task's record. `undefined`: there is none, or it is not the caller's to see. */
export type FindTask = (caller: Caller, id: string) => Promise<TaskRecord | undefined>;

/**
 * Reads the record of a task that the caller may see. Where it is not written yet, what it will be folded from is
 * read instead, in the order in which a task goes through them (schedule, request, events): each is stored before the
 * one before it is removed, so a task that was accepted is always found. Events outlive the record of an ended task;
 * one that has expired is not found again in them.
 */
export function createFindTask(
  broker: Broker,
  store: RecordStore,
  index: Pick<RecordIndex, 'get'>,
  retention: Retention,
): FindTask {
  return async (caller, id) => {
    const known = index.get(id)?.owner;
    // Another owner's task is looked for like one that is not there: the same reads, which find nothing.
    const isForeign = known !== undefined && !maySee(caller, known);
    const recorded = (await store.read(isForeign ? caller.owner : (known ?? caller.owner), id)).record;
    const record =
      recorded ?? (await findAccepted(broker, isForeign ? randomUUID() : id, owner => maySee(caller, owner)));
    if (!record || !maySee(caller, record.owner)) return undefined;
    return recorded || !hasExpired(record, retention, Date.now()) ? asOfNow(record) : undefined;
  };
}

/**
 * Reads the record of a task that the caller may see.
 * @throws GatewayError TASK_NOT_FOUND, the same for an unknown task and for another owner's (invariant 8, owner-only)
 */
export async function getTask(
  find: FindTask,
  caller: Caller,
  id: string,
  name?: string,
): Promise<TaskRecord> {
  const record = await find(caller, id);
  if (record && (name === undefined || record.name === name)) return record;
  throw taskNotFound(id, name);
}

/** The same for an unknown task, an expired one and another owner's (invariant 8, owner-only). */
export function taskNotFound(id: string, name?: string): GatewayError {
  return new GatewayError(
    'TASK_NOT_FOUND',
    `There is no task ${id}${name === undefined ? '' : ` of ${name}`} that you may see. It may have expired; check the id.`,
  );
}

function asOfNow(record: TaskRecord): TaskRecord {
  return { ...record, status: statusAsOf(record.status, record.scheduledFor, Date.now()) };
}
