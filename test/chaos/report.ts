import type { Violation } from './checks/violation.ts';
import type { Evidence } from './evidence.ts';
import type { HandlerRun } from './handlerRuns.ts';
import type { Life } from './lives.ts';

/** How many tasks are shown in full; of the others only what was wrong. */
const shownInFull = 12;

/** What was wrong, in words: each violation, and of each task its events, handlers and calls. */
export function reportViolations(
  violations: readonly Violation[],
  evidence: Evidence,
  startMs: number,
): string {
  const lines = violations.map(
    ({ invariant, taskId, what }) => `✗ ${invariant}${taskId === undefined ? '' : ` ${taskId}`}: ${what}`,
  );
  const tasks = [...new Set(violations.flatMap(({ taskId }) => (taskId === undefined ? [] : [taskId])))];
  for (const taskId of tasks.slice(0, shownInFull))
    lines.push('', ...describeTask(taskId, evidence, startMs));
  if (tasks.length > shownInFull) lines.push('', `… and ${tasks.length - shownInFull} more tasks`);
  lines.push('', 'processes:', ...evidence.lives.map(life => describeLife(life, startMs)));
  lines.push(
    `nats was away: ${evidence.natsOutages.map(({ fromMs, toMs }) => `${at(fromMs, startMs)}–${at(toMs, startMs)}`).join(', ') || 'never'}`,
  );
  for (const { part, fromMs, toMs } of evidence.deletions)
    lines.push(`${part} deleted: ${at(fromMs, startMs)}–${at(toMs, startMs)}`);
  for (const { fromMs, toMs } of evidence.fulls)
    lines.push(`the store was full: ${at(fromMs, startMs)}–${at(toMs, startMs)}`);
  return lines.join('\n');
}

/** Seconds since the beginning of the run. */
const at = (ms: number, startMs: number) => (Number.isFinite(ms) ? ((ms - startMs) / 1_000).toFixed(3) : '…');

function describeTask(taskId: string, evidence: Evidence, startMs: number): string[] {
  const story = evidence.stories.find(({ id }) => id === taskId);
  const { status, seq, attempts } = evidence.records.get(taskId) ?? {};
  const lines = [`${taskId}: record ${status} (seq ${seq}, ${attempts?.length} attempts)`];
  if (story) {
    const { plan, acceptedAtMs, cancelSentAtMs, cancel, outcome, watch } = story;
    lines.push(
      `  plan ${JSON.stringify(plan)}`,
      `  accepted ${at(acceptedAtMs ?? Number.NaN, startMs)}, cancel sent ${at(cancelSentAtMs ?? Number.NaN, startMs)}: ${JSON.stringify(cancel)}, outcome ${JSON.stringify(outcome)}`,
    );
    if (watch) lines.push(`  watched from ${watch.from}: ${watch.ids.join(' ')} (${watch.lastType})`);
  }
  const moments = [
    ...(evidence.eventsOf.get(taskId) ?? []).map(({ storedAtMs, seq: eventSeq, event }) => {
      const { v: _v, owner: _owner, task: _task, at: _at, type, ...rest } = event;
      return { atMs: storedAtMs, text: `event ${eventSeq} ${type} ${JSON.stringify(rest)}` };
    }),
    ...(evidence.runsOf.get(taskId) ?? []).flatMap(describeRun),
  ].sort((a, b) => a.atMs - b.atMs);
  return [...lines, ...moments.map(({ atMs, text }) => `  ${at(atMs, startMs).padStart(8)} ${text}`)];
}

function describeRun({ fromMs, toMs, attempt, life, end }: HandlerRun): { atMs: number; text: string }[] {
  return [
    { atMs: fromMs, text: `handler ${attempt} begins on ${life.id}` },
    { atMs: toMs, text: `handler ${attempt} on ${life.id}: ${end}` },
  ];
}

function describeLife(
  { id, pid, readyAtMs, endSentAtMs, endedAtMs, wasKilled, pauses }: Life,
  startMs: number,
): string {
  const end =
    endedAtMs === undefined
      ? 'ran on'
      : `${wasKilled ? 'killed' : 'stopped'} ${at(endSentAtMs ?? endedAtMs, startMs)}–${at(endedAtMs, startMs)}`;
  const paused = pauses.map(({ fromMs, toMs }) => `${at(fromMs, startMs)}–${at(toMs, startMs)}`).join(', ');
  return `  ${id} (${pid}): ready ${at(readyAtMs, startMs)}, ${end}${paused === '' ? '' : `, paused ${paused}`}`;
}
