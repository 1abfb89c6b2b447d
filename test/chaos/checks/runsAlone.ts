import type { Evidence } from '../evidence.ts';
import type { HandlerRun } from '../handlerRuns.ts';
import { overlap } from '../lives.ts';
import { awayBefore, spansOf } from './cancelMeansStop.ts';
import type { Check, Violation } from './violation.ts';

/** A task is never run twice at once while its first executor is well; and each run is an attempt of its own. */
export const runsAlone: Check = evidence => {
  const violations: Violation[] = [];
  for (const [taskId, runs] of evidence.runsOf) {
    const ordered = runs.toSorted((a, b) => a.fromMs - b.fromMs);
    for (const [index, run] of ordered.entries()) {
      for (const later of ordered.slice(index + 1)) {
        const why = clash(evidence, run, later);
        if (why) violations.push({ invariant: 'crash-recovers-fast', taskId, what: why });
      }
    }
  }
  return violations;
};

function clash(evidence: Evidence, run: HandlerRun, later: HandlerRun): string | undefined {
  if (!overlap(run, later) || run.toMs === later.fromMs) return undefined;
  if (isReportedRunning(evidence, run) || awayBefore(evidence, run, later.fromMs)) return undefined;
  if (isSettledRace(evidence, run, later)) return undefined;
  return `attempt ${later.attempt} began on ${later.life.id} while attempt ${run.attempt} ran on ${run.life.id}, which was well`;
}

/** How long the loser of a race for the same attempt may take to learn it. */
const raceMs = 1_500;

/**
 * Two executors began the same attempt at once: one took a delivery that had waited in its socket while it was
 * suspended. The log let one of them in, and the other one's handler has to be told at once.
 */
function isSettledRace(evidence: Evidence, run: HandlerRun, later: HandlerRun): boolean {
  const wasAway = [run, later].some(each =>
    spansOf(evidence, each).some(span => overlap(span, { fromMs: each.fromMs - raceMs, toMs: each.fromMs })),
  );
  return run.attempt === later.attempt && wasAway && Math.min(run.toMs, later.toMs) <= later.fromMs + raceMs;
}

/** A handler that ignored its signal beyond the grace period may be left running. */
function isReportedRunning({ eventsOf }: Evidence, run: HandlerRun): boolean {
  if (run.name !== 'script.ignoreSignal') return false;
  // Released or timed out: its executor goes, and waits for it only so long.
  return eventsOf.has(run.taskId) && run.life.endSentAtMs !== undefined;
}
