import type { DatedEvent } from './eventArchive.ts';
import type { Evidence } from './evidence.ts';
import type { Deletion, Part } from './person.ts';
import type { TaskStory } from './taskDriver.ts';

/**
 * What a deletion destroys by nature, and therefore what a check may excuse; nothing else is.
 *
 * - The event stream: the histories in it. What is appended afterwards begins a new history.
 * - The request stream: requests. A gateway publishes those again whose records it has; the others are lost.
 * - The bucket of records: records that no event of today's stream tells of.
 * - The bucket of limits: who has a permit; so runs that began before may overlap with later ones.
 * - The object store: large inputs and outputs.
 * - The bucket of schedules: the schedules, so that times pass until somebody creates them again.
 * - The bucket of secrets: which id a key stands for, where no gateway that knows the secret lives to bring it back.
 * - Consumers: nothing that these checks look at.
 */

/** An event stream that is created again begins a million behind the earlier one. */
const gap = 500_000;
/** A start that was answered so lately has no record that a gateway could publish its request from, nor has a child. */
const unrecordedMs = 3_000;

const deletionsOf = ({ deletions }: Evidence, part: Part) => deletions.filter(one => one.part === part);

/** Which of the event streams of a run an event was stored in: the first is 0. */
export function streamOfEvent(evidence: Evidence, { seq }: Pick<DatedEvent, 'seq'>): number {
  return deletionsOf(evidence, 'events').filter(({ lastSeq }) => seq > lastSeq + gap).length;
}

/** Whether an event went with its stream. */
export function isDestroyed(evidence: Evidence, event: Pick<DatedEvent, 'seq'>): boolean {
  return streamOfEvent(evidence, event) < deletionsOf(evidence, 'events').length;
}

/** Whether an event went with its stream before a moment. */
export function wasDestroyedBefore(
  evidence: Evidence,
  event: Pick<DatedEvent, 'seq'>,
  atMs: number,
): boolean {
  const deletion = deletionsOf(evidence, 'events')[streamOfEvent(evidence, event)];
  return deletion !== undefined && deletion.fromMs <= atMs;
}

/** What was deleted while a task lived, as far as clients know when it began. */
export function deletedDuring(evidence: Evidence, part: Part, fromMs: number, toMs = Infinity): boolean {
  return deletionsOf(evidence, part).some(span => span.toMs >= fromMs && span.fromMs <= toMs);
}

/** A gateway that knows the secret notices within this time that its bucket is gone: a look comes every 15 s. */
const secretNoticedMs = 20_000;

/** Whether keys may stand for other ids than before: the secret was deleted, and every gateway that knew it ended. */
export function secretMayBeLost(evidence: Evidence): boolean {
  const gateways = evidence.lives.filter(({ target }) => target.startsWith('gateway'));
  return deletionsOf(evidence, 'secrets').some(
    ({ fromMs, toMs }) =>
      !gateways.some(
        ({ readyAtMs, endSentAtMs = Infinity }) => readyAtMs < fromMs && endSentAtMs > toMs + secretNoticedMs,
      ),
  );
}

/** Whether nothing is left that a record of the task could be made of. */
export function mayHaveNoRecord(evidence: Evidence, taskId: string, acceptedAtMs: number): boolean {
  const isLeft = (evidence.eventsOf.get(taskId) ?? []).some(event => !isDestroyed(evidence, event));
  if (isLeft) return false;
  if (wentUnrecorded(evidence, taskId)) return true;
  if (!deletedDuring(evidence, 'records', acceptedAtMs)) return false;
  return deletedDuring(evidence, 'events', acceptedAtMs) || deletedDuring(evidence, 'requests', acceptedAtMs);
}

/** For so long after the end of the gateway that folds, nobody does: then the server pins another one. */
const unfoldedMs = 6_000;

/**
 * Whether the events of a task went before any gateway had put its record: the one that had accepted it, or folded its
 * events, ended between, or right before.
 */
function wentUnrecorded({ eventsOf, deletions, lives }: Evidence, taskId: string): boolean {
  const fromMs = eventsOf.get(taskId)?.[0]?.storedAtMs;
  const lost = deletions.find(
    ({ part, toMs }) => part === 'events' && fromMs !== undefined && toMs >= fromMs,
  );
  return lives.some(
    ({ target, endSentAtMs = 0 }) =>
      target.startsWith('gateway') &&
      lost &&
      endSentAtMs >= (fromMs ?? 0) - unfoldedMs &&
      endSentAtMs <= lost.toMs,
  );
}

/** Whether a task may never end: its request was lost for good, or that of a child that it waits for. */
export function mayNeverEnd(
  evidence: Evidence,
  { plan, acceptedAtMs = 0, sentAtMs = acceptedAtMs }: TaskStory,
): boolean {
  // The request of a child is published by an executor; its record follows a moment later.
  if (plan.name === 'script.family') return deletedDuring(evidence, 'requests', acceptedAtMs);
  return requestMayBeLost(evidence, acceptedAtMs, sentAtMs);
}

/** Whether a request may be lost for good: no gateway knew its record when the request stream was gone. */
export function requestMayBeLost(evidence: Evidence, acceptedAtMs: number, sentAtMs = acceptedAtMs): boolean {
  return deletionsOf(evidence, 'requests').some((lost: Deletion) => {
    // It was stored between the two, so maybe before the deletion, though a gateway that was suspended answered after it.
    if (sentAtMs > lost.toMs) return false;
    if (acceptedAtMs > lost.fromMs - unrecordedMs) return true;
    return deletedDuring(evidence, 'records', acceptedAtMs);
  });
}
