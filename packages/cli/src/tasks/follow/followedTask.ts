import type { TaskStatus } from '@longhaul/proto';
import { type Failure, nextStatus, type ShownEvent } from '@longhaul/proto/wire';

/** A task as it is followed. */
export type FollowedTask = {
  readonly id: string;
  readonly name: string;
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly progress?: unknown;
  readonly failure?: Failure | undefined;
};

/** A task after one of its events. The transition table decides its status, here as everywhere. */
export function afterEvent(task: FollowedTask, event: ShownEvent): FollowedTask {
  if (event.type === 'progress') return { ...task, progress: event.progress };
  if (event.type === 'log') return task;
  const status = nextStatus(task.status, event.type) ?? task.status;
  if (event.type === 'failed' || event.type === 'retrying') return { ...task, status, failure: event.error };
  if (event.type === 'started') return { ...task, status, attempt: event.attempt, failure: undefined };
  return { ...task, status };
}
