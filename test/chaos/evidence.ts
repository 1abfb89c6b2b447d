import { setTimeout as delay } from 'node:timers/promises';
import { type Broker, createBroker } from '@longhaul/broker';
import { createTopology, recordSchema, type TaskRecord } from '@longhaul/proto/wire';
import { connect } from '@nats-io/transport-node';
import { type DatedEvent, type EventArchive, readWholeStream, type UnfitMessage } from './eventArchive.ts';
import { type HandlerRun, readHandlerRuns } from './handlerRuns.ts';
import type { Life, Span } from './lives.ts';
import type { Deletion } from './person.ts';
import type { ScheduleStory } from './recurring.ts';
import { namespace, type System } from './system.ts';
import type { TaskStory } from './taskDriver.ts';
import type { WatchLog } from './watching.ts';

/** All that is known of a run, for the invariants to be checked over. */
export type Evidence = {
  readonly stories: readonly TaskStory[];
  /** Every event that ever was, in stream order; also of a stream that was deleted. */
  readonly events: readonly DatedEvent[];
  readonly eventsOf: ReadonlyMap<string, readonly DatedEvent[]>;
  /** Messages in event logs that do not fit the protocol, beside those of the foreign writer. */
  readonly unfit: readonly UnfitMessage[];
  readonly records: ReadonlyMap<string, TaskRecord>;
  readonly runs: readonly HandlerRun[];
  readonly runsOf: ReadonlyMap<string, readonly HandlerRun[]>;
  readonly lives: readonly Life[];
  readonly natsOutages: readonly Span[];
  /** When the store had no room. */
  readonly fulls: readonly Span[];
  /** What a person has deleted, in that order. */
  readonly deletions: readonly Deletion[];
  /** Of everything of an owner. */
  readonly watchesOfAll: readonly WatchLog[];
  readonly schedules: readonly ScheduleStory[];
};

/** What was seen while the run continued. */
export type Witnessed = Pick<Evidence, 'stories' | 'schedules' | 'watchesOfAll' | 'fulls' | 'deletions'>;

/** A client of the stores that looks at them from outside. */
export async function openStores(system: System): Promise<AsyncDisposable & { readonly broker: Broker }> {
  const nc = await connect({ servers: system.nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
  const broker = await createBroker(nc, createTopology(namespace));
  return { broker, [Symbol.asyncDispose]: () => nc.close() };
}

export async function collectEvidence(
  system: System,
  broker: Broker,
  archive: EventArchive,
  witnessed: Witnessed,
): Promise<Evidence> {
  await archive.readStream();
  const { events, unfit } = archive;
  const records = new Map<string, TaskRecord>();
  for await (const { data } of readWholeStream(broker, broker.topology.bucketStream)) {
    if (data.length === 0) continue;
    const record = recordSchema.parse(JSON.parse(new TextDecoder().decode(data)));
    records.set(record.id, record);
  }
  const runs = readHandlerRuns(system);
  return {
    ...witnessed,
    events,
    eventsOf: Map.groupBy(events, ({ id }) => id),
    unfit,
    records,
    runs,
    runsOf: Map.groupBy(runs, ({ taskId }) => taskId),
    lives: system.lives,
    natsOutages: system.natsOutages,
  };
}

/** Longer than a watcher may need to notice that it missed a last event. */
const catchUpMs = 45_000;

/** Waits until the watchers of everything have been given what is stored, or should have been. */
export async function watchersCaughtUp({ events, watchesOfAll }: Evidence): Promise<void> {
  const deadline = Date.now() + catchUpMs;
  const isBehind = ({ owner, ids }: WatchLog) =>
    Number(ids.at(-1) ?? 0) < (events.findLast(({ event }) => event.owner === owner)?.seq ?? 0);
  while (watchesOfAll.some(isBehind) && Date.now() < deadline) await delay(100);
}
