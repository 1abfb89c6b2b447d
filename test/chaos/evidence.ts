import { setTimeout as delay } from 'node:timers/promises';
import { type Broker, createBroker, toStoredEvent } from '@longhaul/broker';
import { createTopology, recordSchema, type StoredEvent, type TaskRecord } from '@longhaul/proto/wire';
import { connect } from '@nats-io/transport-node';
import { isNotFoundStatus } from '../../packages/broker/src/brokerErrors.ts';
import { type HandlerRun, readHandlerRuns } from './handlerRuns.ts';
import type { Life, Span } from './lives.ts';
import { namespace, type System } from './system.ts';
import type { TaskStory } from './taskDriver.ts';
import type { WatchLog } from './watching.ts';

/** A stored event and when the server stored it, in milliseconds since the epoch. */
export type DatedEvent = StoredEvent & { readonly storedAtMs: number };

/** All that is known of a run, for the invariants to be checked over. */
export type Evidence = {
  readonly stories: readonly TaskStory[];
  /** In stream order. */
  readonly events: readonly DatedEvent[];
  readonly eventsOf: ReadonlyMap<string, readonly DatedEvent[]>;
  readonly records: ReadonlyMap<string, TaskRecord>;
  readonly runs: readonly HandlerRun[];
  readonly runsOf: ReadonlyMap<string, readonly HandlerRun[]>;
  readonly lives: readonly Life[];
  readonly natsOutages: readonly Span[];
  /** Of everything of an owner. */
  readonly watchesOfAll: readonly WatchLog[];
};

/** A client of the stores that looks at them from outside. */
export async function openStores(system: System): Promise<AsyncDisposable & { readonly broker: Broker }> {
  const nc = await connect({ servers: system.nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
  const broker = await createBroker(nc, createTopology(namespace));
  return { broker, [Symbol.asyncDispose]: () => nc.close() };
}

export async function collectEvidence(
  system: System,
  broker: Broker,
  stories: readonly TaskStory[],
  watchesOfAll: readonly WatchLog[],
): Promise<Evidence> {
  const { eventStream, bucketStream } = broker.topology;
  const events: DatedEvent[] = [];
  for await (const { seq, subject, data, time } of readAll(broker, eventStream)) {
    const event = toStoredEvent(broker, subject, seq, data);
    if (!event) throw new Error(`Event ${seq} on ${subject} does not fit the protocol.`);
    events.push({ ...event, storedAtMs: time.getTime() });
  }
  const records = new Map<string, TaskRecord>();
  for await (const { data } of readAll(broker, bucketStream)) {
    if (data.length === 0) continue;
    const record = recordSchema.parse(JSON.parse(new TextDecoder().decode(data)));
    records.set(record.id, record);
  }
  const runs = readHandlerRuns(system);
  return {
    stories,
    events,
    eventsOf: Map.groupBy(events, ({ id }) => id),
    records,
    runs,
    runsOf: Map.groupBy(runs, ({ taskId }) => taskId),
    lives: system.lives,
    natsOutages: system.natsOutages,
    watchesOfAll,
  };
}

/** Every message of a stream, in order. */
async function* readAll(broker: Broker, stream: string) {
  const batch = 500;
  for (let next = 1; ; ) {
    let received = 0;
    try {
      for await (const message of await broker.jsm.direct.getBatch(stream, { seq: next, batch })) {
        received += 1;
        next = message.seq + 1;
        yield message;
      }
    } catch (error) {
      if (!isNotFoundStatus(error)) throw error;
    }
    if (received < batch) return;
  }
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
