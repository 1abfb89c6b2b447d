import { fold, type StoredEvent, type TaskAddress, type TaskRecord } from '@longhaul/proto';
import type { Broker } from './broker.ts';
import { readFromLeader, replayEvents } from './eventChain.ts';

/** A task's chain as it is: the fold of its events, and the sequence of the last one (0: it has none). */
export type Chain = { readonly record: TaskRecord; readonly lastSeq: number };

/**
 * Reads a task's chain.
 *
 * @param unbegun the record of the task's request alone: of a chatty task the first event, which carries the request,
 *   may have rolled off
 * @param from `any` replica, which may lag behind; or the `leader`, which cannot: needed after a refused append
 */
export async function readChain(
  broker: Broker,
  task: TaskAddress,
  unbegun: TaskRecord,
  from: 'any' | 'leader',
): Promise<Chain> {
  const subject = broker.topology.subjects.event(task);
  let record = unbegun;
  let lastSeq = 0;
  const take = (event: StoredEvent) => {
    record = fold(record, event) ?? record;
    lastSeq = event.seq;
  };
  for await (const event of replayEvents(broker, subject, 1)) take(event);
  if (from === 'leader') for await (const event of readFromLeader(broker, subject, lastSeq + 1)) take(event);
  return { record, lastSeq };
}
