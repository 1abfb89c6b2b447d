import type { Tasks } from '@longhaul/client';
import type { Contract, TaskStatus } from '@longhaul/proto';
import { type ListRequest, pageLimit, type TaskSummary } from '@longhaul/proto/wire';
import { UsageError } from '../output/usageError.ts';
import { durationMs } from './duration.ts';

/** Which tasks, as flags. */
export type FilterFlags = {
  readonly status?: TaskStatus[] | undefined;
  readonly type?: string | undefined;
  readonly owner?: string | undefined;
  readonly parent?: string | undefined;
  readonly text?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly limit?: number | undefined;
};

/** Whether any flag narrows which tasks. */
export function hasFilter(flags: FilterFlags): boolean {
  const { status, type, owner, parent, text, since, until } = flags;
  return [status, type, owner, parent, text, since, until].some(flag => flag !== undefined);
}

/** Flags as the gateway takes them. */
export function filterOf(flags: FilterFlags): ListRequest {
  const { status, type, owner, parent, text, since, until } = flags;
  return {
    ...(status === undefined ? {} : { status }),
    ...(type === undefined ? {} : { name: type }),
    ...(owner === undefined ? {} : { owner }),
    ...(parent === undefined ? {} : { parentId: parent }),
    ...(text === undefined ? {} : { text }),
    ...(since === undefined ? {} : { since: instantOf(since) }),
    ...(until === undefined ? {} : { until: instantOf(until) }),
  };
}

/** The tasks that a filter finds, newest first, page by page. */
export async function* eachTask(
  client: Tasks<Contract>,
  filter: ListRequest,
  limit: number,
): AsyncGenerator<TaskSummary, void, void> {
  let left = limit;
  let cursor: string | undefined;
  do {
    const page = await client.$tasks.list({
      ...filter,
      limit: Math.min(left, pageLimit),
      ...(cursor === undefined ? {} : { cursor }),
    });
    yield* page.tasks;
    left -= page.tasks.length;
    cursor = page.nextCursor;
  } while (cursor !== undefined && left > 0);
}

/** A time (`2026-11-28`, `2026-11-28T09:00:00Z`), or how long ago: `2h`. */
function instantOf(text: string): string {
  if (/^[\d.]+(?:ms|s|m|h|d)/.test(text)) return new Date(Date.now() - durationMs(text)).toISOString();
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw new UsageError(
      `"${text}" is no time. Write it like 2026-11-28T09:00:00Z, or how long ago: 2h, 3d.`,
    );
  return new Date(time).toISOString();
}
