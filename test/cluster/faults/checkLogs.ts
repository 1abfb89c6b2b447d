import { setTimeout as delay } from 'node:timers/promises';
import { type Broker, replayEvents } from '@longhaul/broker';
import { isTerminalEvent, type TaskRecord } from '@longhaul/proto/wire';
import type { Figures } from './figures.ts';

/** Records are written behind the events. */
const recordsWithinMs = 60_000;
const statusOf = { completed: 'COMPLETED', failed: 'FAILED', canceled: 'CANCELED' } as const;

/** Compares every accepted task's record with its event log. */
export async function checkLogs(
  broker: Broker,
  accepted: ReadonlySet<string>,
  readRecord: (id: string) => Promise<TaskRecord | undefined>,
  figures: Figures,
): Promise<void> {
  const ends = new Map<string, (keyof typeof statusOf)[]>();
  for await (const { id, event } of replayEvents(broker, broker.topology.subjects.allEvents, 1))
    if (isTerminalEvent(event)) ends.set(id, [...(ends.get(id) ?? []), event.type as keyof typeof statusOf]);
  figures.accepted = accepted.size;
  for (const id of accepted) {
    const [end, ...more] = ends.get(id) ?? [];
    if (more.length > 0) figures.doubled.push(`${id}: ${[end, ...more].join(', ')}`);
    if (!end) {
      figures.lost.push(`${id}: no end`);
      continue;
    }
    const untilMs = performance.now() + recordsWithinMs;
    let record = await readRecord(id);
    while (record?.status !== statusOf[end] && performance.now() < untilMs) {
      await delay(200);
      record = await readRecord(id);
    }
    if (!record) figures.lost.push(`${id}: no record`);
    else if (record.status !== statusOf[end])
      figures.disagreeing.push(`${id}: ${record.status} after ${end}`);
  }
}
