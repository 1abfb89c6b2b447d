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

/** How many entries one call scans: with a rare filter over many tasks it ends early, with a cursor. */
export const scanLimit = 20_000;

/**
 * Lists the tasks that the caller may see, newest first, from the index in memory (invariant 8, owner-only).
 *
 * A cursor names the last scanned entry, matching or not. For a caller who may see only its own tasks, only those entries
 * are scanned, so neither a cursor nor the duration reveals tasks of others.
 */
export function listTasks(index: RecordIndex, caller: Caller, request: ListQuery, nowMs: number): TaskPage {
  const query: Filters = { ...request, since: comparable(request.since), until: comparable(request.until) };
  const tasks: TaskSummary[] = [];
  let scanned = 0;
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor);
  const owner = query.owner ?? (mayDo(caller, 'seeTask') ? undefined : caller.owner);
  if (owner !== undefined && !maySee(caller, owner)) return { tasks };
  for (const { key, summary } of index.newestFirst(after, owner)) {
    const shown = { ...summary, status: statusAsOf(summary.status, summary.scheduledFor, nowMs) };
    if (query.since !== undefined && summary.createdAt < query.since) break;
    if (fitsFilter(shown, query)) tasks.push(shown);
    scanned += 1;
    if (tasks.length === query.limit || scanned === scanLimit) return { tasks, nextCursor: writeCursor(key) };
  }
  return { tasks };
}

/** Formats an instant as records do, so that they can be compared as strings. Callers may omit milliseconds or add digits. */
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
      'The cursor is invalid. Use `nextCursor` of the previous page unchanged, or omit it.',
    );
  }
  return sortKey;
}
