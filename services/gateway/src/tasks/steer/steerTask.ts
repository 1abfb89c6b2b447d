import { setTimeout as delay } from 'node:timers/promises';
import {
  appendLifecycle,
  askCommand,
  BadMessageError,
  type Broker,
  decode,
  isNoResponders,
  isUnavailable,
  isWrongLastSequence,
  type LogEnd,
  readLogEnd,
} from '@longhaul/broker';
import { GatewayError, requestOfRecord, stateOfRequest, type TaskRecord } from '@longhaul/proto/wire';
import type { z } from 'zod';
import { heldBackMs } from '../patiently.ts';

/** How long an executor may take to answer that it has told the handler and appended the event. */
const answerTimeoutMs = 2_000;
/** How soon the loop starts again where NATS did not answer. */
const againMs = 250;
/**
 * How often the loop starts again at once after another writer's event. Each such event moves the task on, so few are needed.
 * Where more are refused, the event stream changes its leader: an append of the last one can be under way still, which
 * reads do not show. So later rounds wait.
 */
const roundsAtOnce = 3;

/**
 * `accepted`: the executor has told the handler, and the requested state is in the event log. `silent`: something
 * listens, but sent no valid answer in time. `nobody`: no executor has the task.
 */
export type ExecutorAnswer = 'accepted' | 'silent' | 'nobody';

/** What cancelling and pausing do differently. */
export type Steering<Outcome> = {
  /** For the error message: `cancel`, `pause`. */
  readonly verb: string;
  /**
   * Decides what needs no change, from the end of the event log.
   * @returns the outcome; `undefined`: the executor is to be asked
   * @throws GatewayError when the state does not allow the request
   */
  readonly decide: (end: LogEnd) => Outcome | undefined;
  /** Asks the executor that may run the task. */
  readonly ask: () => Promise<ExecutorAnswer>;
  /** The outcome after an executor has accepted the request. */
  readonly accepted: () => Outcome | Promise<Outcome>;
  /**
   * Appends the requested state, for a task whose executor did not accept the request.
   * @returns the end of the log with that state; `undefined`: another event came first
   */
  readonly append: (end: LogEnd) => Promise<LogEnd | undefined>;
  /**
   * Asks once more, now that the requested state is in the log, and finishes.
   * @returns the outcome; `undefined`: another event came first
   */
  readonly finish: (end: LogEnd, answer: ExecutorAnswer) => Promise<Outcome | undefined>;
};

/**
 * Changes what a task is to do, regardless of which process may be running it: reads the end of the event log, asks the
 * executor, and where none accepts, appends the requested state and asks again.
 *
 * The second question closes the race with an executor that claims the task in between: it subscribes before it reads
 * the log, so it either reads the appended event or receives the question (invariant 5, cancel-means-stop). Every append
 * expects the last event (invariant 2, ends-once), so a start or an end that came first refuses it, and the loop reads
 * the log again.
 *
 * @throws GatewayError NATS_UNAVAILABLE when another event came first in every round; and what `decide` throws
 */
export async function steerTask<Outcome>(
  broker: Broker,
  task: TaskRecord,
  { verb, decide, ask, accepted, append, finish }: Steering<Outcome>,
): Promise<Outcome> {
  const untilMs = performance.now() + heldBackMs;
  for (let round = 1; round === 1 || performance.now() < untilMs; round += 1) {
    if (round > roundsAtOnce) await delay(againMs);
    try {
      // Takes constant time for a log of any length. Malformed messages in it keep their place and are not interpreted.
      const end = await readLogEnd(broker, task, stateOfRequest(task));
      const decided = decide(end);
      if (decided !== undefined) return decided;
      const answer = await ask();
      if (answer === 'accepted') return await accepted();
      const marked = await append(end);
      const outcome = marked && (await finish(marked, answer));
      if (outcome !== undefined) return outcome;
    } catch (error) {
      // The stream may elect a leader. What was appended without an acknowledgement is read in the next round.
      if (!isUnavailable(error) || performance.now() > untilMs) throw error;
      if (round <= roundsAtOnce) await delay(againMs);
    }
  }
  throw new GatewayError(
    'NATS_UNAVAILABLE',
    `The task changed in every attempt to ${verb} it. Try again in a moment.`,
  );
}

/** Sends a command to the executor that has the task, and reads its answer. */
export async function askExecutor(
  broker: Broker,
  subject: string,
  command: Parameters<typeof askCommand>[2],
  replySchema: z.ZodType,
): Promise<ExecutorAnswer> {
  try {
    const answer = await askCommand(broker, subject, command, answerTimeoutMs);
    decode(replySchema, subject, answer.data);
    return 'accepted';
  } catch (error) {
    if (isNoResponders(error)) return 'nobody';
    // A malformed answer: something listens on the subject, but it has not confirmed that the handler was told.
    if (isUnavailable(error) || error instanceof BadMessageError) return 'silent';
    throw error;
  }
}

/** Appends a lifecycle event. @returns the end of the log with it; `undefined`: another event came first */
export async function appendUnlessChanged(
  broker: Broker,
  task: TaskRecord,
  end: LogEnd,
  change: Parameters<typeof appendLifecycle>[4],
): Promise<LogEnd | undefined> {
  try {
    return await appendLifecycle(broker, task, requestOfRecord(task), end, change);
  } catch (error) {
    if (isWrongLastSequence(error)) return undefined;
    throw error;
  }
}
