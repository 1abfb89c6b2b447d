import { type Broker, isUnavailable, replayEvents, toStoredEvent } from '@longhaul/broker';
import type { StoredEvent } from '@longhaul/proto/wire';
import { recordSchema, type TaskRecord } from '@longhaul/proto/wire';
import { Kvm } from '@nats-io/kv';

/** The one deadline of everything that tests wait for, in milliseconds: generous, since CI machines are busy ones. */
export const deadlineMs = 30_000;

/** A wait that must not last for ever; the error says what was waited for. */
export async function within<T>(what: string, promise: Promise<T>, ms: number = deadlineMs): Promise<T> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(new Error(`Not within ${ms} ms: ${what}`)), ms);
  try {
    return await Promise.race([promise, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves with the first event that fits, whether it is stored already or still to come. */
export function eventThat(
  broker: Broker,
  what: string,
  fits: (event: StoredEvent) => boolean,
): Promise<StoredEvent> {
  const found = Promise.withResolvers<StoredEvent>();
  const { allLive, allEvents } = broker.topology.subjects;
  const subscription = broker.nc.subscribe(allLive, {
    callback: (error, message) => {
      if (error) found.reject(error);
      const seq = Number(message.headers?.get('Nats-Sequence'));
      const event = toStoredEvent(broker, message.subject, seq, message.data, message.headers);
      if (event && fits(event)) found.resolve(event);
    },
  });
  const readStored = async () => {
    for await (const event of replayEvents(broker, allEvents, 1)) if (fits(event)) found.resolve(event);
  };
  readStored().catch(found.reject);
  return within(what, found.promise).finally(() => subscription.unsubscribe());
}

/** Resolves when a record fits, as the bucket has it; also when it already does. */
export async function recordThat(
  broker: Broker,
  what: string,
  fits: (record: TaskRecord) => boolean,
): Promise<TaskRecord> {
  const entries = await within(what, watchRecords(broker));
  const search = async () => {
    for await (const entry of entries) {
      if (entry.length === 0) continue;
      const record = recordSchema.parse(entry.json());
      if (fits(record)) return record;
    }
    throw new Error(`The bucket's watch ended before: ${what}`);
  };
  return within(what, search()).finally(() => entries.stop());
}

/** Watches the bucket of records, as soon as NATS answers: a test may have restarted it a moment ago. */
async function watchRecords(broker: Broker) {
  for (;;) {
    try {
      const bucket = await new Kvm(broker.js).open(broker.topology.bucket);
      return await bucket.watch();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
    }
  }
}
