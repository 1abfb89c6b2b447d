import { type Broker, decode, encode, isWrongLastSequence } from '@longhaul/broker';
import { type Fire, fireKeptSeconds, fireSchema, type ScheduleRecord } from '@longhaul/proto/wire';
import type { ScheduleStore } from './scheduleStore.ts';
import { nextTime } from './scheduleTimes.ts';

/** The message schedule in the stream. `seq` 0: none exists. */
type Armed = { readonly seq: number; readonly fire: Fire | undefined };

/**
 * Makes the message schedule in the stream match the record in the bucket: one message for the next time in the record,
 * and none where the schedule is deleted or paused.
 *
 * Only the record is authoritative. Every writer of it calls this afterwards; concurrent and repeated calls are safe:
 *
 * - The message is read *before* the record, and replaced only if it is still the same one (an expected sequence). So a
 *   late writer with an older record is either refused, or its message is replaced by the writer of the newer record, which
 *   reads the message after that: the message that is armed last matches the newest record.
 * - If a writer dies after writing the record and before this: a firing is delivered again and calls this; an update or
 *   resume has removed the message before its write, and `ScheduleUpkeep` arms schedules without a message.
 * - Two messages for one time (it had fired unnoticed when it was armed again) make one firing: see `handleFiring`.
 *
 * @throws GatewayError INVALID_SCHEDULE when a record of version 0.1 has an expression that is no longer supported
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
      // A record of version 0.1, or written by hand. Without a next time nothing is armed.
      const next = nextTime(schedule, broker.clock.nowMs());
      if (next === undefined) return;
      await store.put({ ...schedule, next }, revision);
      continue;
    }
    const fire: Fire = { v: 1, owner, id, createdAt: schedule.createdAt, at: schedule.next };
    if (isSame(armed.fire, fire) || (await isBeingDelivered(broker, schedule, fire))) return;
    if (await arm(broker, fire, schedule.next, armed.seq)) return;
  }
}

/** Removes a message schedule that is about to be replaced: if the writer then dies, the message is missing and not outdated. */
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
      // A time in the past fires at once.
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

/** Purges up to the message that was read, so that one that another gateway has armed since is kept. */
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

/** Whether the time has fired and no gateway has handled the firing yet: its message is still in the work queue. */
async function isBeingDelivered(broker: Broker, { next }: ScheduleRecord, wanted: Fire): Promise<boolean> {
  if (next === undefined || Date.parse(next) > broker.clock.nowMs()) return false;
  const { requestStream, subjects } = broker.topology;
  const subject = subjects.fire(wanted);
  const message = await broker.jsm.streams.getMessage(requestStream, { last_by_subj: subject });
  return message !== null && isSame(decode(fireSchema, subject, message.data), wanted);
}

function isSame(one: Fire | undefined, other: Fire): boolean {
  return one?.at === other.at && one?.createdAt === other.createdAt;
}
