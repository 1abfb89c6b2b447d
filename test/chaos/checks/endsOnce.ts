import { isDeepStrictEqual } from 'node:util';
import { inlineLimitBytes, isTerminal, isTerminalEvent, type TaskRecord } from '@longhaul/proto/wire';
import type { HandlerRun } from '../handlerRuns.ts';
import { deletedDuring, mayNeverEnd, requestMayBeLost, streamOfEvent } from '../losses.ts';
import type { TaskStory } from '../taskDriver.ts';
import type { Check, Violation } from './violation.ts';

/**
 * Exactly one terminal event, nothing behind it, the record agrees, and the ending is what the script can give.
 *
 * Where a person has deleted the event stream, that an end was in it is forgotten: a task whose request was still there
 * may end once more in the new one.
 */
export const endsOnce: Check = evidence => {
  const { eventsOf, records, stories } = evidence;
  const violations: Violation[] = [];
  const storyOf = new Map(stories.map(story => [story.id, story]));
  for (const taskId of new Set([...eventsOf.keys(), ...records.keys()])) {
    const events = eventsOf.get(taskId) ?? [];
    const story = storyOf.get(taskId);
    const record = records.get(taskId);
    const say = (what: string) => violations.push({ invariant: 'ends-once', taskId, what });
    const endings = events.filter(({ event }) => isTerminalEvent(event));
    for (const [, ofStream] of Map.groupBy(events, event => streamOfEvent(evidence, event))) {
      const ends = ofStream.filter(({ event }) => isTerminalEvent(event));
      if (ends.length > 1) say(`it has ${ends.length} terminal events`);
      else if (ends.length === 1 && ofStream.at(-1) !== ends[0])
        say(`${ofStream.at(-1)?.event.type} follows its ${ends[0]?.event.type}`);
    }
    if (endings.length === 0) {
      // A child, or the task of a schedule: nobody has waited for its start.
      const begunMs = record ? Date.parse(record.createdAt) : (events[0]?.storedAtMs ?? 0);
      const isExcused = story ? mayNeverEnd(evidence, story) : requestMayBeLost(evidence, begunMs);
      if (!isExcused) say('it has no terminal event');
      continue;
    }
    if (record && !endings.some(({ event }) => record.status === event.type.toUpperCase()))
      say(`its record is ${record.status}, its terminal event ${endings[0]?.event.type}`);
    const isLarge =
      story?.plan.name === 'script.echo' && String(story.plan.input.text).length > inlineLimitBytes;
    if (isLarge && deletedDuring(evidence, 'payloads', story.acceptedAtMs ?? 0)) continue;
    const wrong =
      record && story && isTerminal(record.status)
        ? wrongResult(record, story, evidence.runsOf.get(taskId) ?? [])
        : undefined;
    if (wrong) say(wrong);
  }
  return violations;
};

/** How the first attempt of a handler fails that hangs or ends its thread. */
const brokenCodes = new Set<string | undefined>(['SANDBOX_CRASHED', 'TIMEOUT']);
/** Failures that say that the executors died too often: the script has no part in them. */
const ofTheSystem = new Set(['EXECUTOR_LOST']);

function wrongResult(
  record: TaskRecord,
  { plan }: TaskStory,
  runs: readonly HandlerRun[],
): string | undefined {
  const { status, output, error } = record;
  if (status === 'CANCELED' || (error && ofTheSystem.has(error.code))) return undefined;
  const got = JSON.stringify({ status, output, error: error?.code });
  const gave = (expected: object) =>
    status === 'COMPLETED' && isDeepStrictEqual(output, expected) ? undefined : `it ended with ${got}`;
  const failed = (code: string) =>
    status === 'FAILED' && error?.code === code ? undefined : `it ended with ${got}`;
  switch (plan.name) {
    case 'script.echo':
      // A large output is referred to: that it is whole is the reader's to check, by its digest.
      if (record.outputRef) return undefined;
      return gave({ text: plan.input.text });
    case 'script.oneByOne':
      return gave({ key: plan.input.key });
    case 'script.walk':
      return status === 'COMPLETED' ? undefined : `it ended with ${got}`;
    case 'script.family':
      return gave({ texts: Array.from({ length: Number(plan.input.echoes) }, (_, n) => `child ${n}`) });
    case 'script.flaky':
      return status === 'COMPLETED' ? undefined : `it ended with ${got}`;
    case 'script.count':
      return gave({ steps: plan.input.steps });
    case 'script.transform':
      return gave({ product: Number(plan.input.number) * 2 });
    case 'script.fail':
      return failed(plan.input.declared ? 'REFUSED' : 'HANDLER_ERROR');
    case 'script.overrun':
      return failed('TIMEOUT');
    case 'script.lie':
      return failed('INVALID_OUTPUT');
    case 'script.ignoreSignal':
      return status === 'COMPLETED' ? undefined : `it ended with ${got}`;
    case 'thread.block':
      return status === 'COMPLETED' ? undefined : `it ended with ${got}`;
    case 'thread.breakOnce':
      // The first attempt ends its thread, or is ended with it, and nothing else.
      if (status === 'COMPLETED' && attemptIn(output) > 1) return undefined;
      // It may end so before it heeds a cancel; then no other attempt follows.
      if (plan.cancelAfterMs !== undefined && record.attempts.length === 1 && brokenCodes.has(error?.code))
        return undefined;
      return plan.timeoutMs !== undefined && error?.code === 'TIMEOUT' && !hasBegunAgain(record, runs)
        ? undefined
        : `it ended with ${got}`;
    default:
      return `it ended with ${got}`;
  }
}

/**
 * Whether the handler of an attempt behind the first was called. On a machine so busy that no thread starts within the time
 * limit, every attempt ends by that: nothing else is excused by it.
 */
function hasBegunAgain({ attempts }: TaskRecord, runs: readonly HandlerRun[]): boolean {
  return attempts.length < 2 || runs.some(({ attempt }) => attempt > 1);
}

function attemptIn(output: unknown): number {
  return Number((output as { readonly attempt?: unknown } | undefined)?.attempt);
}
