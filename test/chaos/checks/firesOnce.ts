import type { TaskRecord } from '@longhaul/proto/wire';
import type { Evidence } from '../evidence.ts';
import { deletedDuring, mayHaveNoRecord, requestMayBeLost, secretMayBeLost } from '../losses.ts';
import { intervalMs, type ScheduleStory } from '../recurring.ts';
import type { Check, Violation } from './violation.ts';

/**
 * Each time of a recurring schedule has exactly one task, and its history says how that ended. None is left out, however
 * long nobody could deal with it.
 *
 * Of a schedule that went with its bucket only the tasks are known: that none of its times has two.
 */
export const firesOnce: Check = evidence => evidence.schedules.flatMap(story => checkOne(evidence, story));

function checkOne(evidence: Evidence, story: ScheduleStory): Violation[] {
  const violations: Violation[] = [];
  const { plan, last, complaints } = story;
  const say = (what: string, taskId?: string) =>
    violations.push({
      invariant: 'fires-once',
      taskId,
      what: `${plan.owner}'s schedule ${plan.id}: ${what}`,
    });
  for (const complaint of complaints) say(complaint);
  for (const [key, ids] of tasksByTime(evidence, story))
    if (ids.size > 1 && !secretMayBeLost(evidence))
      say(`${key} has ${ids.size} tasks: ${[...ids].join(', ')}`);
  if (!last) return violations;

  const firings = story.firings.get(last.createdAt) ?? new Map();
  const dueFrom = Math.floor(Date.parse(last.createdAt) / intervalMs) * intervalMs + intervalMs;
  const dueTo = Date.parse(last.firings[0]?.at ?? last.createdAt);
  const shown = new Set(last.firings.map(({ at }) => at));
  let due = 0;
  for (let ms = dueFrom; ms <= dueTo; ms += intervalMs) {
    due += 1;
    const at = new Date(ms).toISOString();
    const firing = firings.get(at);
    if (!firing) say(`${at} was left out`);
    // The history may have been read for the last time while a task was about to be started: then its record tells.
    else if (firing.outcome !== 'started' && firing.outcome !== 'starting')
      say(`${at} is ${firing.outcome}: ${firing.error?.code ?? ''} ${firing.error?.message ?? ''}`);
    else
      for (const wrong of wrongTask(evidence, firing, shown.has(at))) say(`${at}: ${wrong}`, firing.taskId);
  }
  if (
    last.counts.started !== due ||
    firings.size !== due ||
    last.firings.some(({ outcome }) => outcome === 'starting')
  )
    say(`${due} times were due, ${firings.size} are in its history, and ${last.counts.started} are counted`);
  return violations;
}

type Started = ScheduleStory['firings'] extends Map<string, Map<string, infer F>> ? F : never;

/** What is wrong with the task of a firing, beside what a person has destroyed. */
function wrongTask(
  evidence: Evidence,
  { taskId = '', decidedAt = '', end }: Started,
  isShown: boolean,
): string[] {
  const record = evidence.records.get(taskId);
  const startedMs = Date.parse(record?.createdAt ?? decidedAt);
  if (requestMayBeLost(evidence, startedMs)) return [];
  if (!record) return mayHaveNoRecord(evidence, taskId, startedMs) ? [] : ['its task has no record'];
  // An end that went with the event stream is written again, and may be another. Beyond the latest fifty none is seen.
  if (end?.status === record.status || deletedDuring(evidence, 'events', startedMs)) return [];
  if (end === undefined && !isShown) return [];
  return [`its task is ${record.status}, its history says ${end?.status}`];
}

/** The ids of the tasks of each time, as records and the history tell. */
function tasksByTime({ records }: Evidence, { plan, firings }: ScheduleStory): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  const add = (key: string, id: string) => found.set(key, (found.get(key) ?? new Set()).add(id));
  const isIts = ({ scheduleId, owner }: TaskRecord) => scheduleId === plan.id && owner === plan.owner;
  for (const record of records.values()) if (isIts(record)) add(record.idempotencyKey ?? '', record.id);
  for (const [createdAt, ofOne] of firings)
    for (const { at, taskId } of ofOne.values())
      if (taskId !== undefined) add(`schedule ${plan.id} ${createdAt} ${at}`, taskId);
  return found;
}
