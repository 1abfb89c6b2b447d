import { type Broker, decode, encode, scheduleRefusal } from '@longhaul/broker';
import {
  cronRefused,
  type Fire,
  fireKeptSeconds,
  fireSchema,
  GatewayError,
  readTiming,
  type ScheduleRecord,
  timeZoneRefused,
} from '@longhaul/proto';
import { PubHeaders } from '@nats-io/jetstream';
import type { ScheduleStore } from './scheduleStore.ts';

/** What a message schedule of ours consists of. */
type Armed = { readonly specification: string; readonly timeZone: string | undefined; readonly fire: Fire };

/**
 * Brings the message schedule in the stream to what the record in the bucket says: there is one exactly where there is
 * a schedule that is not paused.
 *
 * The record alone is authority, and whoever has changed it calls this. Several may do so at once: each looks at the
 * record again when it is done, and goes on where it has changed meanwhile, so the last one leaves the two agreed.
 *
 * @throws GatewayError INVALID_SCHEDULE when the server does not take the cron expression or the time zone
 */
export async function settleSchedule(
  broker: Broker,
  store: ScheduleStore,
  owner: string,
  id: string,
): Promise<void> {
  for (;;) {
    const wanted = wantedOf((await store.read(owner, id)).schedule);
    if (wanted) await arm(broker, wanted);
    else await disarm(broker, owner, id);
    const now = wantedOf((await store.read(owner, id)).schedule);
    if (now?.createdAt === wanted?.createdAt) return;
  }
}

function wantedOf(schedule: ScheduleRecord | undefined): ScheduleRecord | undefined {
  return schedule?.paused ? undefined : schedule;
}

async function arm(broker: Broker, schedule: ScheduleRecord): Promise<void> {
  const { owner, id, createdAt, cron = '', timeZone = '' } = schedule;
  const timing = readTiming(schedule);
  if (!timing.ok) throw new GatewayError('INVALID_SCHEDULE', timing.why);
  const wanted: Armed = { ...timing, fire: { v: 1, owner, id, createdAt } };
  // Publishing the same again would begin an interval anew.
  if (isSame(await readArmed(broker, owner, id), wanted)) return;
  const { subjects } = broker.topology;
  const refused = await publish();
  if (refused === undefined) return;
  throw new GatewayError(
    'INVALID_SCHEDULE',
    refused === 'timeZone' ? timeZoneRefused(timeZone) : cronRefused(cron),
  );

  async function publish(): Promise<'pattern' | 'timeZone' | undefined> {
    try {
      await broker.js.publish(subjects.recurring(schedule), encode(wanted.fire), {
        schedule: {
          specification: wanted.specification,
          target: subjects.fire(schedule),
          ttl: `${fireKeptSeconds}s`,
          ...(wanted.timeZone === undefined ? {} : { timezone: wanted.timeZone }),
        },
      });
      return undefined;
    } catch (error) {
      const why = scheduleRefusal(error);
      if (why === undefined) throw error;
      return why;
    }
  }
}

/** A firing that is on its way all the same is passed over: see `decideFiring`. */
async function disarm(broker: Broker, owner: string, id: string): Promise<void> {
  const { requestStream, subjects } = broker.topology;
  await broker.jsm.streams.purge(requestStream, { filter: subjects.recurring({ owner, id }) });
}

async function readArmed(broker: Broker, owner: string, id: string): Promise<Armed | undefined> {
  const { requestStream, subjects } = broker.topology;
  const subject = subjects.recurring({ owner, id });
  const message = await broker.jsm.streams.getMessage(requestStream, { last_by_subj: subject });
  if (!message) return undefined;
  return {
    specification: message.header.get(PubHeaders.Schedule),
    timeZone: message.header.get(PubHeaders.ScheduleTimeZone) || undefined,
    fire: decode(fireSchema, subject, message.data),
  };
}

function isSame(armed: Armed | undefined, wanted: Armed): boolean {
  return (
    armed?.specification === wanted.specification &&
    armed.timeZone === wanted.timeZone &&
    armed.fire.createdAt === wanted.fire.createdAt
  );
}
