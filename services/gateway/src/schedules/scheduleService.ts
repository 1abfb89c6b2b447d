import { isDeepStrictEqual } from 'node:util';
import { type Broker, encode } from '@longhaul/broker';
import {
  type createScheduleSchema,
  type DeletedSchedule,
  GatewayError,
  inlineLimitBytes,
  readTiming,
  type Schedule,
  type ScheduleList,
  type ScheduleRecord,
  type scheduleCallSchema,
  scheduleLimit,
  type TaskDefinition,
  validateInput,
} from '@longhaul/proto';
import type { z } from 'zod';
import { demand, mayDo } from '../auth/permissions.ts';
import type { Caller } from '../caller.ts';
import { newTaskId } from '../start/taskIds.ts';
import { settleSchedule } from './arming.ts';
import type { ScheduleStore } from './scheduleStore.ts';

type NewSchedule = z.output<typeof createScheduleSchema>;
type Named = z.output<typeof scheduleCallSchema>;

export type ScheduleDeps = {
  readonly broker: Broker;
  readonly store: ScheduleStore;
  readonly definitions: ReadonlyMap<string, TaskDefinition>;
};

/**
 * What the gateway does with recurring schedules. A schedule belongs to the caller that created it, as its tasks do
 * (invariant 8, owner-only). Every change is one write of the record; the message schedule in the stream follows it.
 */
export function createScheduleService({ broker, store, definitions }: ScheduleDeps) {
  const settle = (owner: string, id: string) => settleSchedule(broker, store, owner, id);

  /** @throws GatewayError SCHEDULE_NOT_FOUND, FORBIDDEN */
  const change = async (
    caller: Caller,
    named: Named,
    how: (schedule: ScheduleRecord) => ScheduleRecord,
  ): Promise<Schedule> => {
    const owner = ownerOf(caller, named);
    demand(caller, 'changeSchedule', owner);
    const schedule = await store.update(owner, named.id, how);
    if (!schedule) throw scheduleNotFound(named.id);
    await settle(owner, named.id);
    return viewOf(schedule);
  };

  return {
    /**
     * Creates a schedule. With the id of one that says the same it answers that one, so it may be called at every start
     * of a program.
     *
     * @throws GatewayError INVALID_SCHEDULE, INVALID_INPUT, UNKNOWN_TASK, PAYLOAD_TOO_LARGE, SCHEDULE_CONFLICT,
     *   TOO_MANY_SCHEDULES
     */
    create: async (caller: Caller, wanted: NewSchedule): Promise<Schedule> => {
      const schedule = await checked(definitions, caller, wanted);
      const { owner, id } = schedule;
      for (;;) {
        const { schedule: earlier, revision } = await store.read(owner, id);
        if (earlier) {
          if (!saysTheSame(earlier, schedule)) throw conflict(id);
          // Whoever created it may have died before it was armed.
          await settle(owner, id);
          return viewOf(earlier);
        }
        if ((await store.subjects(owner)).length >= scheduleLimit) throw tooMany();
        const written = await store.put(schedule, revision);
        if (written === undefined) continue;
        try {
          await settle(owner, id);
        } catch (error) {
          // The server is the judge of cron expressions and zones: what it refuses was never a schedule.
          if (error instanceof GatewayError) await store.remove(owner, id, written);
          throw error;
        }
        return viewOf(schedule);
      }
    },

    list: async (caller: Caller, owner: string | undefined): Promise<ScheduleList> => {
      const whose = owner ?? (mayDo(caller, 'seeSchedule') ? undefined : caller.owner);
      if (whose !== undefined && !mayDo(caller, 'seeSchedule', whose)) return { schedules: [], more: false };
      const found = await store.list(whose, scheduleLimit + 1);
      const schedules = found.slice(0, scheduleLimit).map(record => {
        const { input: _input, ...summary } = viewOf(record);
        return summary;
      });
      schedules.sort((a, b) => compare(a.owner, b.owner) || compare(a.id, b.id));
      return { schedules, more: found.length > scheduleLimit };
    },

    /** @throws GatewayError SCHEDULE_NOT_FOUND, the same for an unknown schedule and for another owner's */
    get: async (caller: Caller, named: Named): Promise<Schedule> => {
      const { schedule } = await store.read(ownerOf(caller, named), named.id);
      if (!schedule) throw scheduleNotFound(named.id);
      return viewOf(schedule);
    },

    /** @throws GatewayError SCHEDULE_NOT_FOUND, FORBIDDEN */
    pause: (caller: Caller, named: Named): Promise<Schedule> =>
      change(caller, named, schedule => {
        if (schedule.paused) return schedule;
        const { next: _next, ...rest } = schedule;
        return { ...rest, paused: true };
      }),

    /** @throws GatewayError SCHEDULE_NOT_FOUND, FORBIDDEN */
    resume: (caller: Caller, named: Named): Promise<Schedule> =>
      change(caller, named, schedule => (schedule.paused ? { ...schedule, paused: false } : schedule)),

    /**
     * Removes a schedule; one that is not there is removed already.
     * @throws GatewayError SCHEDULE_NOT_FOUND for another owner's, FORBIDDEN
     */
    remove: async (caller: Caller, named: Named): Promise<DeletedSchedule> => {
      const owner = ownerOf(caller, named);
      demand(caller, 'changeSchedule', owner);
      for (;;) {
        const { schedule, revision } = await store.read(owner, named.id);
        const removed = schedule !== undefined && (await store.remove(owner, named.id, revision));
        if (schedule && !removed) continue;
        await settle(owner, named.id);
        return { id: named.id, deleted: removed };
      }
    },
  };
}

export type ScheduleService = ReturnType<typeof createScheduleService>;

/** A new schedule's record, after everything was looked at that can be without the server. */
async function checked(
  definitions: ReadonlyMap<string, TaskDefinition>,
  { owner }: Caller,
  wanted: NewSchedule,
): Promise<ScheduleRecord> {
  const { name, input, cron, every, timeZone, policy } = wanted;
  const timing = readTiming(wanted);
  if (!timing.ok) throw new GatewayError('INVALID_SCHEDULE', timing.why);
  const definition = definitions.get(name);
  if (!definition)
    throw new GatewayError(
      'UNKNOWN_TASK',
      `The contract of this gateway has no task ${name}. Check the name.`,
    );
  await validateInput(name, definition, input);
  const schedule: ScheduleRecord = {
    v: 1,
    id: wanted.id ?? newTaskId(),
    owner,
    name,
    input,
    ...(cron === undefined ? {} : { cron }),
    ...(every === undefined ? {} : { every }),
    ...(timeZone === undefined ? {} : { timeZone }),
    overlap: wanted.overlap ?? 'skip',
    priority: wanted.priority ?? 'normal',
    ...(policy === undefined ? {} : { policy }),
    paused: false,
    createdAt: new Date().toISOString(),
    firings: [],
    counts: { started: 0, skipped: 0, missed: 0, failed: 0 },
  };
  const { length } = encode(schedule);
  if (length > inlineLimitBytes) {
    throw new GatewayError(
      'PAYLOAD_TOO_LARGE',
      `The schedule has ${length} bytes; at most ${inlineLimitBytes} are taken. Pass a reference (a path or URL) instead of the data itself.`,
    );
  }
  return schedule;
}

/** Whether two schedules are written alike; what has come of them since does not matter. */
function saysTheSame(a: ScheduleRecord, b: ScheduleRecord): boolean {
  const essence = ({ name, input, cron, every, timeZone, overlap, priority, policy }: ScheduleRecord) =>
    // Through JSON, since that is how the earlier one travelled.
    JSON.parse(JSON.stringify({ name, input, cron, every, timeZone, overlap, priority, policy })) as unknown;
  return isDeepStrictEqual(essence(a), essence(b));
}

function ownerOf(caller: Caller, { id, owner = caller.owner }: Named): string {
  if (!mayDo(caller, 'seeSchedule', owner)) throw scheduleNotFound(id);
  return owner;
}

function viewOf({ v: _v, ...schedule }: ScheduleRecord): Schedule {
  const [last] = schedule.firings;
  return { ...schedule, ...(last === undefined ? {} : { last }) };
}

const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b));

/** The same for an unknown schedule and for another owner's (invariant 8, owner-only). */
export function scheduleNotFound(id: string): GatewayError {
  return new GatewayError('SCHEDULE_NOT_FOUND', `There is no schedule ${id} that you may see. Check the id.`);
}

function conflict(id: string): GatewayError {
  return new GatewayError(
    'SCHEDULE_CONFLICT',
    `Your schedule ${id} says something else. Use a new id, or delete it first.`,
  );
}

function tooMany(): GatewayError {
  return new GatewayError(
    'TOO_MANY_SCHEDULES',
    `You have ${scheduleLimit} schedules, and can have no more. Delete those that you no longer need.`,
  );
}
