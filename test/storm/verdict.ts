import { type Broker, replayEvents } from '@longhaul/broker';
import { isLifecycle, isTerminal, recordSchema, type TaskRecord } from '@longhaul/proto/wire';
import { Kvm } from '@nats-io/kv';
import type { HandlerSpan } from './stormSystem.ts';

/** The owner of a task whose caller does not say who it is. */
const owner = 'local';

/** What must be empty after a storm: the ids of tasks, by what went wrong with them. */
export type Verdict = {
  /** No end in the event log. */
  readonly lost: readonly string[];
  /** Two ends in the event log, or two handlers at the same time. */
  readonly doubled: readonly string[];
  /** The record does not say what the event log says. */
  readonly disagreeing: readonly string[];
};

/** Judges all tasks, after their end, by event log, records, and what the handlers wrote. */
export async function judge(
  broker: Broker,
  ids: ReadonlySet<string>,
  spans: readonly HandlerSpan[],
): Promise<Verdict> {
  const ends = new Map<string, { status: string; attempt: number }[]>();
  for await (const { id, event } of replayEvents(broker, broker.topology.subjects.lifecycleOf('*'), 1)) {
    if (!isLifecycle(event) || !event.state || !isTerminal(event.state.status)) continue;
    ends.set(id, [...(ends.get(id) ?? []), event.state]);
  }
  const records = await readRecords(broker, ids);
  const doubled = new Set([...overlapping(spans)]);
  for (const [id, { length }] of ends) if (length > 1) doubled.add(id);
  const disagreeing = [...ids].filter(id => {
    const end = ends.get(id)?.at(-1);
    const record = records.get(id);
    return end && (record?.status !== end.status || record.attempt !== end.attempt);
  });
  return { lost: [...ids].filter(id => !ends.has(id)), doubled: [...doubled], disagreeing };
}

/** Tasks of which a handler began before an earlier one had ended. */
function overlapping(spans: readonly HandlerSpan[]): Set<string> {
  const found = new Set<string>();
  const lastEndMs = new Map<string, number>();
  for (const { id, fromMs, toMs } of spans.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const endMs = lastEndMs.get(id) ?? 0;
    if (fromMs < endMs) found.add(id);
    lastEndMs.set(id, Math.max(endMs, toMs));
  }
  return found;
}

async function readRecords(broker: Broker, ids: ReadonlySet<string>): Promise<Map<string, TaskRecord>> {
  const bucket = await new Kvm(broker.js).open(broker.topology.bucket);
  const records = new Map<string, TaskRecord>();
  for (const id of ids) {
    const entry = await bucket.get(broker.topology.subjects.recordKey(owner, id));
    if (entry && entry.length > 0) records.set(id, recordSchema.parse(entry.json()));
  }
  return records;
}
