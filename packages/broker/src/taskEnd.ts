import { setTimeout as delay } from 'node:timers/promises';
import { isTerminalEvent, type StoredEvent, type TaskAddress, type TaskEvent } from '@longhaul/proto/wire';
import type { Broker } from './broker.ts';
import { isUnavailable } from './brokerErrors.ts';
import { findAccepted } from './findAccepted.ts';
import { toStoredEvent } from './logEntry.ts';
import { lastLifecycle } from './readEventLog.ts';

/** The event that ends a task. */
export type EndEvent = Extract<TaskEvent, { type: 'completed' | 'failed' | 'canceled' }>;

/**
 * Live events come over core NATS, which may lose one: after so long the stream is looked at again. Early at first, since
 * in a cluster the subscription may arrive a little later than the first look.
 */
const firstLooksMs = [1_000, 4_000];
const longestLookMs = 15_000;
/** While NATS does not answer, the next check waits this long. */
const retryDelayMs = 250;

/**
 * Waits for the end of a task that exists. Subscribes first, then reads the log's last lifecycle event: an end that was stored
 * before the read is found there, and a later one is heard. What is not heard (the connection was lost) is found by
 * the next look.
 *
 * @param lookAgain a promise that resolves when something may have passed by unheard; asked for before each wait
 * @param onGone called where the task is nowhere any more, neither on the queue nor in the event stream: it has ended, and
 *   its end went with a deleted event stream, so nothing would ever tell of it
 * @throws the signal's reason
 */
export async function awaitTaskEnd(
  broker: Broker,
  task: TaskAddress,
  signal: AbortSignal,
  lookAgain: () => Promise<void>,
  onGone: () => Promise<void> = async () => {},
): Promise<EndEvent> {
  const heard = Promise.withResolvers<EndEvent>();
  const { subjects } = broker.topology;
  const subscription = broker.nc.subscribe(subjects.live(task, 'life'), {
    callback: (error, message) => {
      const event = error
        ? undefined
        : toStoredEvent(broker, message.subject, 1, message.data, message.headers)?.event;
      if (event && isTerminalEvent(event)) heard.resolve(event);
    },
  });
  try {
    for (let look = 0; ; look += 1) {
      signal.throwIfAborted();
      // Asked for before the look, so that what passes by during it is looked for once more.
      const again = lookAgain();
      const stored = await lastEvent(broker, task);
      if (stored && stored !== 'unanswered' && isTerminalEvent(stored.event)) return stored.event;
      // Not at the first look: a child that was just started has no event yet, and this would cost each of them two reads.
      if (stored === undefined && look > 0 && (await isGone(broker, task.id))) await onGone();
      const waitMs = stored === 'unanswered' ? retryDelayMs : (firstLooksMs[look] ?? longestLookMs);
      const waited = new AbortController();
      const ended = await Promise.race([
        heard.promise,
        again.then(() => undefined),
        delay(waitMs, undefined, { signal: AbortSignal.any([signal, waited.signal]) }),
      ])
        .catch((error: unknown) => {
          signal.throwIfAborted();
          throw error;
        })
        .finally(() => waited.abort());
      if (ended) return ended;
    }
  } finally {
    subscription.unsubscribe();
  }
}

/** As the stream's leader has it: a replica that lags could hide an end that was stored before we listened. */
async function lastEvent(broker: Broker, task: TaskAddress): Promise<StoredEvent | 'unanswered' | undefined> {
  try {
    return await lastLifecycle(broker, task);
  } catch (error) {
    if (isUnavailable(error)) return 'unanswered';
    throw error;
  }
}

/**
 * Whether a task has no request and no event. An end is stored before its request is removed, and they are read in the other
 * order, so an end that is stored meanwhile is found.
 */
async function isGone(broker: Broker, id: string): Promise<boolean> {
  try {
    return (await findAccepted(broker, id)) === undefined;
  } catch (error) {
    if (isUnavailable(error)) return false;
    throw error;
  }
}
