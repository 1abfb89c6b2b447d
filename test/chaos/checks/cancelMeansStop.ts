import { ackWaitMs } from '@longhaul/proto/wire';
import type { DatedEvent } from '../eventArchive.ts';
import type { Evidence } from '../evidence.ts';
import type { HandlerRun } from '../handlerRuns.ts';
import { overlap, type Span } from '../lives.ts';
import { wasDestroyedBefore } from '../losses.ts';
import type { Check, Violation } from './violation.ts';

/** How long a superseded handler may continue once its process and NATS are well again. */
const abandonMs = 6_000;

/**
 * No handler ran behind CANCELED, unless the event says so; and none that was superseded continues for ever.
 *
 * Nobody can end a handler whose process is suspended, or out of NATS's reach, for longer than `ack_wait`: such a run
 * is excused, and has to end soon after both are back.
 */
export const cancelMeansStop: Check = evidence => {
  const violations: Violation[] = [];
  for (const run of evidence.runs) {
    const say = (what: string) =>
      violations.push({
        invariant: 'cancel-means-stop',
        taskId: run.taskId,
        what: `${nameOf(run)}: ${what}`,
      });
    // Of a log that was deleted before it began, a run can know nothing.
    const events = (evidence.eventsOf.get(run.taskId) ?? []).filter(
      event => !wasDestroyedBefore(evidence, event, run.fromMs),
    );
    const canceled = events.find(({ event }) => event.type === 'canceled');
    const after = canceled ? run.toMs - canceled.storedAtMs : 0;
    const isReported = canceled?.event.type === 'canceled' && canceled.event.handlerStillRunning === true;
    const away = canceled && awayBefore(evidence, run, canceled.storedAtMs);
    if (after > 0 && !isReported && !away)
      say(`ran on for ${after} ms behind CANCELED, though its process was well`);
    const history = historyAtMs(events, run);
    if (history === undefined) {
      if (run.end === 'running') say('is still running, and nothing has replaced it');
      continue;
    }
    // `ignoreSignal` runs as long as its script says.
    if (run.name === 'script.ignoreSignal') continue;
    const knowable = Math.max(
      history,
      ...spansOf(evidence, run).map(({ toMs }) => (toMs > history ? toMs : 0)),
    );
    if (run.toMs > knowable + abandonMs)
      say(`ran on for ${run.toMs - knowable} ms after it was superseded or had ended`);
  }
  return violations;
};

const nameOf = ({ attempt, life }: HandlerRun) => `attempt ${attempt} on ${life.id}`;

/** When the log continued without a run: another attempt began, or the task ended. */
function historyAtMs(events: readonly DatedEvent[], run: HandlerRun): number | undefined {
  return events.find(
    ({ event, storedAtMs }) =>
      event.type === 'completed' ||
      event.type === 'failed' ||
      event.type === 'canceled' ||
      (event.type === 'started' && event.attempt > run.attempt && storedAtMs >= run.fromMs),
  )?.storedAtMs;
}

/** When a run's process could not take part: it was suspended, or NATS was away. */
export function spansOf({ natsOutages }: Evidence, run: HandlerRun): Span[] {
  // A client notices a lost server and is back some moments later.
  const reconnected = natsOutages.map(({ fromMs, toMs }) => ({ fromMs, toMs: toMs + 1_500 }));
  return [...run.life.pauses, ...reconnected];
}

/** Whether a run's process was away so lately before a moment that the task may have been given to another one. */
export function awayBefore(evidence: Evidence, run: HandlerRun, atMs: number): boolean {
  const lately = { fromMs: Math.max(run.fromMs, atMs - ackWaitMs - 8_000), toMs: atMs };
  return spansOf(evidence, run).some(span => overlap(span, lately));
}
