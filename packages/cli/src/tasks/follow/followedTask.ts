import type { TaskStatus } from '@longhaul/proto';
import { type AnyTaskRecord, type Failure, nextStatus, type ShownEvent } from '@longhaul/proto/wire';

/** A task as it is followed. */
export type FollowedTask = {
  readonly id: string;
  readonly name: string;
  readonly status: TaskStatus;
  readonly attempt: number;
  /** The number of the last event that it tells of, as the stream of events counts. */
  readonly seq: number;
  readonly progress?: unknown;
  readonly failure?: Failure | undefined;
};

const waiting: ReadonlySet<TaskStatus> = new Set(['SCHEDULED', 'PENDING', 'RETRYING']);

/** A task after one of its events. The transition table decides its status, here as everywhere. */
export function afterEvent(task: FollowedTask, event: ShownEvent): FollowedTask {
  // What a handler sends says that it runs, also where its `started` came before the stream was open.
  const running = waiting.has(task.status) ? 'RUNNING' : task.status;
  if (event.type === 'progress') return { ...task, status: running, progress: event.progress };
  if (event.type === 'log') return { ...task, status: running };
  const status = nextStatus(task.status, event.type) ?? task.status;
  if (event.type === 'failed' || event.type === 'retrying') return { ...task, status, failure: event.error };
  if (event.type === 'started') return { ...task, status, attempt: event.attempt, failure: undefined };
  return { ...task, status };
}

/** A task as its record has it. */
export function afterRecord(record: AnyTaskRecord): FollowedTask {
  const { id, name, status, progress, error, attempt, seq } = record;
  return { id, name, status, attempt, seq, progress, failure: error };
}
