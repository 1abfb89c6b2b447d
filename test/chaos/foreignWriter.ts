import { setTimeout as delay } from 'node:timers/promises';
import { type Broker, isUnavailable } from '@longhaul/broker';
import type { EventKind, TaskAddress } from '@longhaul/proto/wire';
import { taskEvent } from '@longhaul/testkit';
import { headers } from '@nats-io/transport-node';
import { seededRandom } from './seededRandom.ts';

/** Marks what the foreign writer wrote, so that it is not taken for a fault of a service. */
export const foreignHeader = 'Chaos-Foreign';

type Message = { readonly kind: EventKind; readonly payload: string | Uint8Array };

const body = (event: object, changes: object = {}) => JSON.stringify({ ...event, ...changes });
const started = taskEvent({ type: 'started', attempt: 1, executor: 'nobody' });
const failed = taskEvent({
  type: 'failed',
  attempt: 1,
  executor: 'nobody',
  error: { code: 'X', message: '' },
});
const completed = taskEvent({ type: 'completed', attempt: 1, executor: 'nobody', output: 1 });
const line = taskEvent({ type: 'log', attempt: 1, level: 'info', message: 'hi' });
const progress = taskEvent({ type: 'progress', attempt: 1, progress: 1 });

/** What nobody who keeps to the protocol writes. */
const garbage: readonly Message[] = [
  { kind: 'life', payload: '' },
  { kind: 'life', payload: '{"type":' },
  { kind: 'life', payload: 'null' },
  { kind: 'progress', payload: '7' },
  { kind: 'log', payload: Uint8Array.of(0xff, 0xfe, 0x00, 0x80) },
  { kind: 'life', payload: body(completed, { v: 1 }) },
  { kind: 'life', payload: body(started, { type: 'exploded' }) },
  { kind: 'life', payload: body(failed, { error: { code: 'X', message: ['must be a string'] } }) },
  { kind: 'life', payload: body(completed, { state: undefined }) },
  { kind: 'life', payload: body(started, { state: { status: 'COMPLETED' } }) },
  { kind: 'log', payload: body(completed) },
  { kind: 'progress', payload: body(failed) },
  { kind: 'life', payload: body(line) },
  { kind: 'log', payload: body(line, { level: undefined }) },
  { kind: 'progress', payload: body(progress, { ordinal: undefined }) },
];

/** Its log gets what does not fit the kind of the subject either: else it would be an event, of a task without a request. */
const idOfNoTask = '00000000-0000-4000-8000-000000000000';
/** It picks among so many tasks that were accepted last: most of them are alive. */
const pickedAmong = 30;

/**
 * Somebody with the right to publish, who does not know the protocol: writes garbage into the event logs of tasks, of
 * ids that no task has, and below subjects that are none of an event. Ends with the signal.
 */
export async function writeGarbage(
  broker: Broker,
  seed: number,
  accepted: () => readonly TaskAddress[],
  signal: AbortSignal,
): Promise<void> {
  const random = seededRandom(seed, 'foreign writer');
  const { subjects, namespace } = broker.topology;
  const marked = headers();
  marked.set(foreignHeader, '1');
  while (!signal.aborted) {
    await delay(random.whole(20, 300), undefined, { signal }).catch(() => {});
    const { kind, payload } = random.pick(garbage);
    const stray = random.chance(0.05);
    const known = accepted();
    const task = known[known.length - random.whole(1, pickedAmong)];
    const subject = stray
      ? `${namespace}.event.${random.pick(['stray', 'stray.life', `${idOfNoTask}.${kind}.script.echo`])}`
      : task && subjects.event(task, kind);
    if (subject === undefined || signal.aborted) continue;
    // While NATS is away, or its store is full, nothing is written; what a retry would do, the next one does.
    await broker.js.publish(subject, payload, { headers: marked, timeout: 1_000 }).catch((error: unknown) => {
      if (!isUnavailable(error)) throw error;
    });
  }
}
