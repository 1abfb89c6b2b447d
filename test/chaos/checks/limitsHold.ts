import type { Evidence } from '../evidence.ts';
import type { HandlerRun } from '../handlerRuns.ts';
import { type Life, overlap } from '../lives.ts';
import { deletedDuring } from '../losses.ts';
import { concurrency } from '../system.ts';
import { awayBefore } from './cancelMeansStop.ts';
import type { Check, Violation } from './violation.ts';

/** No executor ever ran more handlers at once than it may, and no key of a limit more than one across all of them. */
export const limitsHold: Check = evidence => {
  const violations: Violation[] = [];
  for (const [life, own] of Map.groupBy<Life, HandlerRun>(evidence.runs.filter(isBusy), run => run.life)) {
    const most = mostAtOnce(own);
    if (most > concurrency)
      violations.push({
        invariant: 'limits-hold',
        what: `${life.id} ran ${most} handlers at once, limit ${concurrency}`,
      });
  }
  return [...violations, ...keysHold(evidence)];
};

/**
 * An executor that is suspended, or cut off while it runs, loses its permit after some seconds of silence, as it loses
 * its tasks: such a run is excused.
 */
function keysHold(evidence: Evidence): Violation[] {
  const violations: Violation[] = [];
  const keyOf = new Map(
    evidence.stories.flatMap(({ id, plan }) =>
      id !== undefined && plan.name === 'script.oneByOne' ? [[id, String(plan.input.key)]] : [],
    ),
  );
  const limited = evidence.runs.filter(({ taskId }) => keyOf.has(taskId));
  for (const [key, runs] of Map.groupBy(limited, ({ taskId }) => keyOf.get(taskId))) {
    const ordered = runs.toSorted((a, b) => a.fromMs - b.fromMs);
    for (const [index, run] of ordered.entries()) {
      for (const later of ordered.slice(index + 1)) {
        if (!overlap(run, later) || run.toMs === later.fromMs || run.taskId === later.taskId) continue;
        if (awayBefore(evidence, run, later.fromMs)) continue;
        if (deletedDuring(evidence, 'limits', run.fromMs, later.fromMs)) continue;
        violations.push({
          invariant: 'limits-hold',
          taskId: later.taskId,
          what: `it ran for ${key} on ${later.life.id} while ${run.taskId} did on ${run.life.id}, which was well`,
        });
      }
    }
  }
  return violations;
}

/** A parent that waits for its children and a task that is paused have lent their slots. */
const isBusy = ({ name }: HandlerRun) => name !== 'script.family' && name !== 'script.walk';

export function mostAtOnce(runs: readonly { readonly fromMs: number; readonly toMs: number }[]): number {
  const moments = runs.flatMap(({ fromMs, toMs }) => [
    { atMs: fromMs, by: 1 },
    { atMs: toMs, by: -1 },
  ]);
  // Of two at one millisecond the end comes first: the clock is not finer than that.
  moments.sort((a, b) => a.atMs - b.atMs || a.by - b.by);
  let now = 0;
  let most = 0;
  for (const { by } of moments) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}
