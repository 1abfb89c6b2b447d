import type { TaskRecord, TaskSummary } from '@longhaul/proto/wire';
import { untilAnswered } from '../calls.ts';
import type { ClientOf } from '../taskDriver.ts';
import { owners } from '../workload.ts';
import type { Violation } from './violation.ts';

/** Each owner's list, through each gateway, is that owner's tasks with the status of their records. */
export async function ownerOnly(
  clientOf: ClientOf,
  records: ReadonlyMap<string, TaskRecord>,
  signal: AbortSignal,
): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const owner of owners) {
    const own = [...records.values()].filter(record => record.owner === owner);
    for (const gateway of [0, 1]) {
      const say = (what: string, taskId?: string) =>
        violations.push({
          invariant: 'owner-only',
          taskId,
          what: `gateway ${gateway + 1}, ${owner}'s list: ${what}`,
        });
      const listed = await listAll(clientOf, owner, gateway, signal);
      const byId = new Map(listed.map(summary => [summary.id, summary]));
      if (byId.size !== listed.length) say(`${listed.length - byId.size} tasks are listed twice`);
      for (const { id, status } of own) {
        const found = byId.get(id);
        if (!found) say('not listed', id);
        else if (found.status !== status) say(`listed as ${found.status}, its record is ${status}`, id);
      }
      for (const { id } of listed)
        if (records.get(id)?.owner !== owner)
          say(`a task of ${records.get(id)?.owner ?? 'nobody'} is listed`, id);
    }
  }
  return violations;
}

async function listAll(
  clientOf: ClientOf,
  owner: (typeof owners)[number],
  gateway: number,
  signal: AbortSignal,
): Promise<TaskSummary[]> {
  const client = clientOf(owner, gateway);
  const listed: TaskSummary[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await untilAnswered(
      () => client.$tasks.list({ limit: 200, ...(cursor === undefined ? {} : { cursor }) }),
      signal,
    );
    listed.push(...page.tasks);
    cursor = page.nextCursor;
    if (cursor === undefined) return listed;
  }
}
