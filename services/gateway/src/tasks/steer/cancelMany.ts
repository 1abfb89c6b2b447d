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
  /** Cancels one task. */
  readonly cancel: (id: string) => Promise<CancelOutcome>;
  /** The time by which a task is due. */
  readonly nowMs: () => number;
};
export type CancelManyQuery = z.output<typeof cancelManyRequestSchema>;

/** How many cancels are under way at a time. A cancel takes some round trips, and waits for seconds in the worst case. */
const concurrency = 32;
/** After this time a call starts no more cancels, since proxies commonly end a silent request after a minute. */
const callLimitMs = 40_000;

type Count = 'canceled' | 'stopping' | 'alreadyEnded' | 'failed' | 'notTried';

/**
 * Cancels the matching tasks that the caller may see (invariant 8, owner-only), newest first, each as `cancelTask` does.
 * Tasks are selected from the index, which may not have a task yet that another gateway has just accepted.
 *
 * @param signal aborted when the caller disconnects: cancels under way are finished, and no more are started
 */
export async function cancelMany(
  { index, logger, cancel, nowMs }: CancelManyDeps,
  caller: Caller,
  { limit, reason: _reason, ...filter }: CancelManyQuery,
  signal: AbortSignal,
): Promise<CancelManyOutcome> {
  // One more than requested, to learn whether there are more.
  const ids = await matchingIds(index, caller, filter, limit + 1, nowMs());
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
    // The task was in the index a moment ago, so it has ended and expired since.
    if (error instanceof GatewayError && error.code === 'TASK_NOT_FOUND') return 'alreadyEnded';
    if (!(error instanceof GatewayError) && !isUnavailable(error))
      logger.error({ err: error, taskId: id }, 'one of several tasks could not be canceled');
    return 'failed';
  }
}

function countOf({ status, alreadyEnded }: CancelOutcome): Count {
  if (alreadyEnded) return 'alreadyEnded';
  return status === 'CANCELED' ? 'canceled' : 'stopping';
}

async function matchingIds(
  index: RecordIndex,
  caller: Caller,
  filter: Omit<CancelManyQuery, 'limit' | 'reason'>,
  limit: number,
  nowMs: number,
): Promise<string[]> {
  const { status: wanted } = filter;
  const status = wanted ? activeStatuses.filter(one => wanted.includes(one)) : [...activeStatuses];
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const query = {
      ...filter,
      status,
      limit: limit - ids.length,
      ...(cursor === undefined ? {} : { cursor }),
    };
    const page = listTasks(index, caller, query, nowMs);
    for (const { id } of page.tasks) ids.push(id);
    cursor = page.nextCursor;
    // Each page scans a bounded number of entries. Between two pages other calls get a turn.
    if (cursor !== undefined) await nextTurn();
  } while (cursor !== undefined && ids.length < limit);
  return ids;
}
