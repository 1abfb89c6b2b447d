import type { TaskRecord } from '@longhaul/proto/wire';
import type { Caller } from '../../auth/caller.ts';
import { mapBounded } from '../../mapBounded.ts';
import type { PayloadReader } from '../read/payloadReader.ts';
import { type NewTask, type StartDeps, startTask } from './startTask.ts';

/** What became of one task of a batch. */
export type Started = { readonly record: TaskRecord } | { readonly error: unknown };

/**
 * How many starts of a batch are under way at a time. One after the other, each would wait for the disk of the one
 * before; all at once, a batch with idempotency keys would fill the server's queue of reads for everybody else.
 */
const atOnce = 256;

/** Accepts many tasks, each for itself: what is wrong with one loses no other. Answers in the order of the tasks. */
export function startMany(
  deps: StartDeps & { readonly payloads: PayloadReader },
  caller: Caller,
  tasks: readonly NewTask[],
): Promise<Started[]> {
  return mapBounded(tasks, atOnce, task =>
    startTask(deps, caller, task)
      .then(record => deps.payloads.withOutput(record))
      .then(
        record => ({ record }),
        (error: unknown) => ({ error }),
      ),
  );
}
