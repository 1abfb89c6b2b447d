import type { HandlerRun } from '../handlerRuns.ts';
import type { Life } from '../lives.ts';
import { concurrency } from '../system.ts';
import type { Check, Violation } from './violation.ts';

/** No executor ever ran more handlers at once than it may. */
export const limitsHold: Check = ({ runs }) => {
  const violations: Violation[] = [];
  for (const [life, own] of Map.groupBy<Life, HandlerRun>(runs, run => run.life)) {
    const most = mostAtOnce(own);
    if (most > concurrency)
      violations.push({
        invariant: 'limits-hold',
        what: `${life.id} ran ${most} handlers at once, limit ${concurrency}`,
      });
  }
  return violations;
};

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
