import { isTerminal } from '@longhaul/proto/wire';
import { deletedDuring, mayHaveNoRecord, mayNeverEnd, secretMayBeLost } from '../losses.ts';
import type { TaskStory } from '../taskDriver.ts';
import type { Check, Violation } from './violation.ts';

/**
 * Every accepted start has a record that ended, and ended as its script says or as clients were told; beside what a
 * person has destroyed.
 */
export const acceptedIsDurable: Check = evidence => {
  const { stories, records, events } = evidence;
  const violations: Violation[] = [];
  const seen = new Set(events.map(({ id }) => id));
  for (const story of stories) {
    const { id, repeatedId, plan, acceptedAtMs = 0 } = story;
    const say = (what: string) => violations.push({ invariant: 'accepted-is-durable', taskId: id, what });
    const isExcused =
      id !== undefined && (mayNeverEnd(evidence, story) || mayHaveNoRecord(evidence, id, acceptedAtMs));
    if (!isExcused)
      for (const complaint of story.complaints) say(`task ${plan.index} (${plan.name}): ${complaint}`);
    if (id === undefined) continue;
    if (plan.repeatAfterMs !== undefined && repeatedId !== id && !isExcused && !secretMayBeLost(evidence))
      say(`the same key gave ${repeatedId} as well`);
    const record = records.get(id);
    if (!record) {
      if (!isExcused)
        say(seen.has(id) ? 'it has events and no record' : 'it was accepted, and there is no trace of it');
    } else if (!isTerminal(record.status)) {
      if (!mayNeverEnd(evidence, story)) say(`it is ${record.status} for ever`);
    } else if (!deletedDuring(evidence, 'events', acceptedAtMs)) {
      for (const wrong of wrongEnding(story, record.status)) say(wrong);
    }
  }
  // Also those whose start was never answered: each was retried, so nobody waits for them, but they must end.
  for (const record of records.values()) {
    if (isTerminal(record.status) || stories.some(({ id }) => id === record.id)) continue;
    if (deletedDuring(evidence, 'requests', Date.parse(record.createdAt))) continue;
    violations.push({
      invariant: 'accepted-is-durable',
      taskId: record.id,
      what: `unanswered start: ${record.status} for ever`,
    });
  }
  return violations;
};

/** What clients were told must be what happened. */
function wrongEnding({ plan, cancel, outcome }: TaskStory, status: string): string[] {
  const wrong: string[] = [];
  if (outcome && outcome.status !== status)
    wrong.push(`its outcome was ${outcome.status}, its record is ${status}`);
  if (cancel?.status === 'CANCELED' && status !== 'CANCELED')
    wrong.push(`its cancel was answered CANCELED, its record is ${status}`);
  if (cancel?.alreadyEnded && cancel.status !== status)
    wrong.push(`its cancel was answered "already ${cancel.status}", its record is ${status}`);
  if (status === 'CANCELED' && plan.cancelAfterMs === undefined)
    wrong.push('it was canceled and nobody asked for it');
  if (plan.name === 'script.hang' && status === 'COMPLETED')
    wrong.push('a handler that never returns has completed');
  return wrong;
}
