import { setImmediate as nextTurn } from 'node:timers/promises';
import { isUnavailable } from '@longhaul/broker';
import {
  activeStatuses,
  type CancelManyOutcome,
  type CancelOutcome,
  type cancelManyRequestSchema,
  GatewayError,
} from '@longhaul/proto/wire';
import pMap from 'p-map';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Caller } from '../../auth/caller.ts';
import type { RecordIndex } from '../../records/recordIndex.ts';
import { listTasks } from '../read/listTasks.ts';

export type CancelManyDeps = {
  readonly index: RecordIndex;
  readonly logger: Logger;
  /** Cancels one task of the caller's. */
  readonly cancel: (id: string) => Promise<CancelOutcome>;
};
export type CancelManyQuery = z.output<typeof cancelManyRequestSchema>;

/** How many cancels are under way at a time: each takes some round trips, and up to seconds of waiting. */
const concurrency = 32;
/** One call begins no more cancels after this long: proxies commonly end a silent request after a minute. */
const callLimitMs = 40_000;

type Count = 'canceled' | 'stopping' | 'alreadyEnded' | 'failed' | 'notTried';

/**
 * Cancels the tasks that fit and that the caller may see (invariant 8, owner-only), newest first, each as
 * `cancelTask` does. What fits is looked up in the index, so a task that another gateway has only just accepted may
 * not be among them.
 *
 * @param signal aborted when the caller leaves: what is under way is finished, and no more begun
 */
export async function cancelMany(
  { index, logger, cancel }: CancelManyDeps,
  caller: Caller,
  { limit, reason: _reason, ...filter }: CancelManyQuery,
  signal: AbortSignal,
): Promise<CancelManyOutcome> {
  // One more than asked for says whether there is more.
  const ids = await idsThatFit(index, caller, filter, limit + 1);
  const stop = AbortSignal.any([signal, AbortSignal.timeout(callLimitMs)]);
  const counts: Record<Count, number> = { canceled: 0, stopping: 0, alreadyEnded: 0, failed: 0, notTried: 0 };
  await pMap(
    ids.slice(0, limit),
    async id => {
      const count = stop.aborted ? 'notTried' : await cancel(id).then(countOf, error => failureOf(error, id));
      counts[count] += 1;
    },
    { concurrency },
  );
  const { notTried, ...outcome } = counts;
  return { ...outcome, more: ids.length > limit || notTried > 0 };

  function failureOf(error: unknown, id: string): Count {
    // It was listed a moment ago: it has ended and expired since.
    if (error instanceof GatewayError && error.code === 'TASK_NOT_FOUND') return 'alreadyEnded';
    if (!(error instanceof GatewayError) && !isUnavailable(error))
      logger.error({ err: error, taskId: id }, 'a task of many could not be canceled');
    return 'failed';
  }
}

function countOf({ status, alreadyEnded }: CancelOutcome): Count {
  if (alreadyEnded) return 'alreadyEnded';
  return status === 'CANCELED' ? 'canceled' : 'stopping';
}

async function idsThatFit(
  index: RecordIndex,
  caller: Caller,
  filter: Omit<CancelManyQuery, 'limit' | 'reason'>,
  most: number,
): Promise<string[]> {
  const { status: wanted } = filter;
  const status = wanted ? activeStatuses.filter(one => wanted.includes(one)) : [...activeStatuses];
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const query = {
      ...filter,
      status,
      limit: most - ids.length,
      ...(cursor === undefined ? {} : { cursor }),
    };
    const page = listTasks(index, caller, query, Date.now());
    for (const { id } of page.tasks) ids.push(id);
    cursor = page.nextCursor;
    // Each page looks at a bounded number of entries; between two, other calls have their turn.
    if (cursor !== undefined) await nextTurn();
  } while (cursor !== undefined && ids.length < most);
  return ids;
}
