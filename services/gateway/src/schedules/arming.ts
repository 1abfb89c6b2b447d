import { type Broker, decode, encode, isWrongLastSequence } from '@longhaul/broker';
import { type Fire, fireKeptSeconds, fireSchema, type ScheduleRecord } from '@longhaul/proto/wire';
import type { ScheduleStore } from './scheduleStore.ts';
import { nextTime } from './scheduleTimes.ts';

/** The message schedule in the stream. `seq` 0: there is none. */
type Armed = { readonly seq: number; readonly fire: Fire | undefined };

/**
 * Brings the message schedule in the stream to what the record in the bucket says: one message for the time that the
 * record waits for, and none where it is gone or paused.
 *
 * The record alone is authority, and whoever has changed it calls this, as often as they like and all at once:
 *
 * - The message is looked at *before* the record, and replaced only if it is still that one (an expected sequence). So
 *   a writer that has read an older record and comes late is refused, or is replaced by the writer of the newer record,
 *   who looks at the message after that write: what is armed last is what the newest record says.
 * - A writer that dies after its record and before this: a firing is delivered again and gets here; an update or resume
 *   has taken the message away before its write, and `ScheduleUpkeep` arms what has none.
 * - Two messages for one time (it had fired, unseen, when it was armed again) make one firing: see `handleFiring`.
 *
 * @throws GatewayError INVALID_SCHEDULE when a record of version 0.1 has an expression that is read no more
 */
export async function settleSchedule(
  broker: Broker,
  store: ScheduleStore,
  owner: string,
  id: string,
): Promise<void> {
  for (;;) {
    const armed = await readArmed(broker, owner, id);
    const { schedule, revision } = await store.read(owner, id);
    if (!schedule || schedule.paused) {
      if (armed.seq > 0) await disarm(broker, owner, id, armed.seq);
      return;
    }
    if (schedule.next === undefined) {
      // Of version 0.1, or written by hand. Without any time to come it has nothing to wait for.
      const next = nextTime(schedule, Date.now());
      if (next === undefined) return;
      await store.put({ ...schedule, next }, revision);
      continue;
    }
    const fire: Fire = { v: 1, owner, id, createdAt: schedule.createdAt, at: schedule.next };
    if (isSame(armed.fire, fire) || (await isOnItsWay(broker, schedule, fire))) return;
    if (await arm(broker, fire, schedule.next, armed.seq)) return;
  }
}

/** Takes a message schedule away that is about to be replaced: if its writer dies, it is missing and not outdated. */
export async function disarmSchedule(broker: Broker, owner: string, id: string): Promise<void> {
  const { seq } = await readArmed(broker, owner, id);
  if (seq > 0) await disarm(broker, owner, id, seq);
}

/** @returns whether the message in the stream was still the one with the expected sequence */
async function arm(broker: Broker, fire: Fire, at: string, expectedSeq: number): Promise<boolean> {
  const { subjects } = broker.topology;
  try {
    await broker.js.publish(subjects.recurring(fire), encode(fire), {
      expect: { lastSubjectSequence: expectedSeq },
      // A time that is past is fired at once.
      schedule: {
        specification: { at: new Date(at) },
        target: subjects.fire(fire),
        ttl: `${fireKeptSeconds}s`,
      },
    });
    return true;
  } catch (error) {
    if (isWrongLastSequence(error)) return false;
    throw error;
  }
}

/** Only up to the message that was seen: one that another gateway has armed meanwhile stays. */
async function disarm(broker: Broker, owner: string, id: string, seq: number): Promise<void> {
  const { requestStream, subjects } = broker.topology;
  await broker.jsm.streams.purge(requestStream, { filter: subjects.recurring({ owner, id }), seq: seq + 1 });
}

async function readArmed(broker: Broker, owner: string, id: string): Promise<Armed> {
  const { requestStream, subjects } = broker.topology;
  const subject = subjects.recurring({ owner, id });
  const message = await broker.jsm.streams.getMessage(requestStream, { last_by_subj: subject });
  return { seq: message?.seq ?? 0, fire: message ? decode(fireSchema, subject, message.data) : undefined };
}

/** Whether the time has fired and no gateway has dealt with it yet: then its message is still in the work queue. */
async function isOnItsWay(broker: Broker, { next }: ScheduleRecord, wanted: Fire): Promise<boolean> {
  if (next === undefined || Date.parse(next) > Date.now()) return false;
  const { requestStream, subjects } = broker.topology;
  const subject = subjects.fire(wanted);
  const message = await broker.jsm.streams.getMessage(requestStream, { last_by_subj: subject });
  return message !== null && isSame(decode(fireSchema, subject, message.data), wanted);
}

function isSame(one: Fire | undefined, other: Fire): boolean {
  return one?.at === other.at && one?.createdAt === other.createdAt;
}
