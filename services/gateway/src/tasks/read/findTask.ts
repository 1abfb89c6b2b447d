import { randomUUID } from 'node:crypto';
import { type Broker, findAccepted, recordFromLog } from '@longhaul/broker';
import { GatewayError, statusAsOf, type TaskRecord } from '@longhaul/proto/wire';
import { jetstreamManager } from '@nats-io/jetstream';
import { type Caller, maySee } from '../../auth/caller.ts';
import type { RecordIndex } from '../../records/recordIndex.ts';
import type { RecordStore } from '../../records/recordStore.ts';
import { hasExpired, type Retention } from '../../records/retention.ts';
import { throughElection } from '../patiently.ts';

/** Reads a task's record. `undefined`: the task does not exist, or the caller may not see it. */
export type FindTask = (caller: Caller, id: string) => Promise<TaskRecord | undefined>;

/**
 * Reads the record of a task that the caller may see. If the record is not written yet, its sources are read instead, in
 * the order in which a task passes them (schedule, request, events): each is stored before the previous one is removed, so
 * an accepted task is always found. Events are kept for longer than records; an expired task is not found in its events.
 */
export function createFindTask(
  broker: Broker,
  store: RecordStore,
  index: Pick<RecordIndex, 'get'>,
  retention: Retention,
): FindTask {
  const find: FindTask = async (caller, id) => {
    const known = index.get(id)?.owner;
    // Another owner's task is searched like one that does not exist: by the same reads, which find nothing.
    const isForeign = known !== undefined && !maySee(caller, known);
    const stored = await store.read(isForeign ? caller.owner : (known ?? caller.owner), id);
    // One that does not fit: what it said is in its task's log.
    const recorded = stored.isUnfit ? await recordFromLog(broker, id) : stored.record;
    const record =
      recorded ?? (await findAccepted(broker, isForeign ? randomUUID() : id, owner => maySee(caller, owner)));
    if (!record || !maySee(caller, record.owner)) return undefined;
    return recorded || !hasExpired(record, retention, broker.clock.nowMs())
      ? asOfNow(record, broker.clock.nowMs())
      : undefined;
  };
  return (caller, id) => throughElection(() => find(caller, id));
}

/** How long one read is waited for, in milliseconds. It takes the server a millisecond. */
const readWithinMs = 2_000;

/** The same clients, whose reads of streams are given up sooner, to be asked again. */
export async function quickReads(broker: Broker): Promise<Broker> {
  return { ...broker, jsm: await jetstreamManager(broker.nc, { timeout: readWithinMs, checkAPI: false }) };
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
    `No task ${id}${name === undefined ? '' : ` of ${name}`} exists that you may see. It may have expired. Check the id.`,
  );
}

function asOfNow(record: TaskRecord, nowMs: number): TaskRecord {
  return { ...record, status: statusAsOf(record.status, record.scheduledFor, nowMs) };
}
