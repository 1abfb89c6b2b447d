import { setTimeout as delay } from 'node:timers/promises';
import { type Broker, isConsumerNotFound, isStreamNotFound } from '@longhaul/broker';
import type { EventArchive } from './eventArchive.ts';
import type { Span } from './lives.ts';
import { type SeededRandom, seededRandom } from './seededRandom.ts';

/** What a person may delete: what Longhaul keeps in NATS. */
export const parts = [
  'request consumer',
  'projection',
  'schedules',
  'limits',
  'secrets',
  'recurring',
  'payloads',
  'records',
  'requests',
  'events',
] as const;
export type Part = (typeof parts)[number];

export type PlannedDeletion = { readonly atMs: number; readonly part: Part; readonly consumer: string };

/** A deletion that was done: from when it was sent to when it was answered. */
export type Deletion = Span & {
  readonly part: Part;
  /** Of the event stream: the last sequence that the archive has of it. */
  readonly lastSeq: number;
};

/** Consumers of requests that tasks of a run are surely sent to. */
const consumers = [
  'script-echo-normal',
  'script-count-normal',
  'script-hang-normal',
  'script-oneByOne-normal',
];
/** Nothing is in these that is not made again, or somebody remembers. */
const harmless: readonly Part[] = ['request consumer', 'projection', 'schedules'];
/** What is in these is lost. Each goes once in a run at most. */
const destructive: readonly Part[] = [
  'limits',
  'secrets',
  'recurring',
  'payloads',
  'records',
  'requests',
  'events',
];

/** The mean time between two deletions of consumers. */
const calmMs = 4_000;
/** Nothing is deleted so late that the run would end before the repair. */
const spareMs = 1_000;

/** Plans what a person deletes within `forMs` milliseconds, by the seed alone. */
export function planDeletions(seed: number, forMs: number): PlannedDeletion[] {
  const random = seededRandom(seed, 'person');
  const planned: PlannedDeletion[] = [];
  const lastMs = forMs - spareMs;
  const add = (atMs: number, part: Part) => planned.push({ atMs, part, consumer: random.pick(consumers) });
  for (let atMs = random.whole(500, calmMs); atMs < lastMs; atMs += random.whole(1_000, 2 * calmMs))
    add(atMs, random.pick(harmless));
  for (const part of drawn(random, destructive, 2)) add(random.whole(1_000, lastMs), part);
  return planned.sort((a, b) => a.atMs - b.atMs);
}

function drawn<T>(random: SeededRandom, items: readonly T[], count: number): T[] {
  const left = [...items];
  return Array.from({ length: count }, () => left.splice(random.whole(0, left.length - 1), 1)).flat();
}

/** Deletes what the plan says, at its times. While NATS is away a deletion is tried until it is answered. */
export async function deleteAtRandom(
  broker: Broker,
  archive: EventArchive,
  planned: readonly PlannedDeletion[],
  startMs: number,
  say: (line: string) => void,
): Promise<Deletion[]> {
  const deletions: Deletion[] = [];
  for (const { atMs, part, consumer } of planned) {
    await delay(Math.max(0, startMs + atMs - Date.now()));
    for (;;) {
      try {
        const lastSeq = part === 'events' ? await archive.readStream() : 0;
        const fromMs = Date.now();
        await remove(broker, part, consumer);
        deletions.push({ part, lastSeq, fromMs, toMs: Date.now() });
        const what = part === 'request consumer' ? `consumer ${consumer}` : part;
        say(`${((Date.now() - startMs) / 1_000).toFixed(1)} s: a person deletes ${what}`);
        break;
      } catch (error) {
        // Not there: it is being repaired, or no executor has made it yet.
        if (isConsumerNotFound(error) || isStreamNotFound(error)) break;
        await delay(200);
      }
    }
  }
  return deletions;
}

async function remove({ jsm, topology }: Broker, part: Part, consumer: string): Promise<void> {
  const { requestStream, eventStream } = topology;
  switch (part) {
    case 'request consumer':
      await jsm.consumers.delete(requestStream, consumer);
      return;
    case 'projection':
      await jsm.consumers.delete(eventStream, topology.consumers.projection.durable_name);
      return;
    case 'schedules':
      await jsm.consumers.delete(requestStream, topology.consumers.schedules.durable_name);
      return;
    default:
      await jsm.streams.delete(streamOf(topology, part));
  }
}

export function streamOf(
  topology: Broker['topology'],
  part: Exclude<Part, 'request consumer' | 'projection' | 'schedules'>,
): string {
  return {
    limits: topology.limitBucketStream,
    secrets: topology.secretBucketStream,
    recurring: topology.scheduleBucketStream,
    payloads: topology.payloadStream,
    records: topology.bucketStream,
    requests: topology.requestStream,
    events: topology.eventStream,
  }[part];
}
