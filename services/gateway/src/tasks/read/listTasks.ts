import {
  fitsFilter,
  GatewayError,
  type listRequestSchema,
  statusAsOf,
  type TaskPage,
  type TaskSummary,
} from '@longhaul/proto/wire';
import type { z } from 'zod';
import { type Caller, mayDo, maySee } from '../../auth/caller.ts';
import type { RecordIndex } from '../../records/recordIndex.ts';

type ListQuery = z.output<typeof listRequestSchema>;

/** How many entries one call looks at: a rare filter over many tasks ends with a cursor instead of a long pause. */
export const scanLimit = 20_000;

/**
 * Lists what the caller may see, newest first, from the index in memory (invariant 8, owner-only).
 *
 * A cursor names the last entry that was looked at, whether it fitted or not. Who may see their own tasks only is led
 * through their own entries only: neither a cursor nor the time it takes tells of anybody else's.
 */
export function listTasks(index: RecordIndex, caller: Caller, request: ListQuery, nowMs: number): TaskPage {
  const query: Filters = { ...request, since: comparable(request.since), until: comparable(request.until) };
  const tasks: TaskSummary[] = [];
  let scanned = 0;
  const behind = query.cursor === undefined ? undefined : readCursor(query.cursor);
  const whose = query.owner ?? (mayDo(caller, 'seeTask') ? undefined : caller.owner);
  if (whose !== undefined && !maySee(caller, whose)) return { tasks };
  for (const { key, summary } of index.newestFirst(behind, whose)) {
    const shown = { ...summary, status: statusAsOf(summary.status, summary.scheduledFor, nowMs) };
    if (query.since !== undefined && summary.createdAt < query.since) break;
    if (fitsFilter(shown, query)) tasks.push(shown);
    scanned += 1;
    if (tasks.length === query.limit || scanned === scanLimit) return { tasks, nextCursor: writeCursor(key) };
  }
  return { tasks };
}

/** An instant as records have it, so that they compare as text: callers may leave milliseconds out, or write more. */
function comparable(instant: string | undefined): string | undefined {
  return instant === undefined ? undefined : new Date(instant).toISOString();
}

type Filters = Omit<ListQuery, 'since' | 'until'> & {
  readonly since: string | undefined;
  readonly until: string | undefined;
};

function writeCursor(sortKey: string): string {
  return Buffer.from(sortKey, 'utf8').toString('base64url');
}

const sortKeyShape = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z\|[0-9a-f-]{36}$/;

function readCursor(cursor: string): string {
  const sortKey = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!sortKeyShape.test(sortKey)) {
    throw new GatewayError(
      'INVALID_CURSOR',
      'That is no cursor of this list. Use one as the list answered it, or begin without.',
    );
  }
  return sortKey;
}
