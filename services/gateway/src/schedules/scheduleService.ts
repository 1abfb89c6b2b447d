import { setImmediate as nextTurn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  type DeletedSchedule,
  type Firing,
  GatewayError,
  isTerminal,
  type Schedule,
  type ScheduleList,
  type ScheduleRecord,
  type ScheduleRun,
  type ScheduleSummary,
  type scheduleCallSchema,
  scheduleLimit,
  type updateScheduleSchema,
  withEnd,
  withFiring,
} from '@longhaul/proto/wire';
import type { z } from 'zod';
import type { Caller } from '../auth/caller.ts';
import { mayDo, requirePermission } from '../auth/caller.ts';
import { newTaskId } from '../tasks/start/idempotency.ts';
import { disarmSchedule, settleSchedule } from './arming.ts';
import { type FiringDeps, handleFiring } from './handleFiring.ts';
import {
  changedSchedule,
  hasSameSettings,
  type NewSchedule,
  newSchedule,
  waiting,
} from './scheduleSettings.ts';
import { nextTimes } from './scheduleTimes.ts';
import { taskOf } from './startFirings.ts';

type Named = z.output<typeof scheduleCallSchema>;
/** After how many schedules of a list other calls get a turn: computing the times of one takes a millisecond. */
const perTurn = 10;

/**
 * Creates the operations on recurring schedules. A schedule and its tasks belong to the caller that created it (invariant 8,
 * owner-only). Every change is one write of the record, after which the message schedule in the stream is updated.
 */
export function createScheduleService(deps: FiringDeps) {
  const { broker, store, definitions } = deps;
  const settle = (owner: string, id: string) => settleSchedule(broker, store, owner, id);

  /** @throws GatewayError SCHEDULE_NOT_FOUND, FORBIDDEN */
  const ownerToChange = (caller: Caller, named: Named): string => {
    const owner = ownerOf(caller, named);
    requirePermission(caller, 'changeSchedule', owner);
    return owner;
  };

  return {
    /**
     * Creates a schedule. If a schedule with the same id and settings exists, that one is returned, so a program can call
     * this at every start.
     *
     * @throws GatewayError INVALID_SCHEDULE, INVALID_INPUT, UNKNOWN_TASK, PAYLOAD_TOO_LARGE, SCHEDULE_CONFLICT,
     *   TOO_MANY_SCHEDULES
     */
    create: async (caller: Caller, wanted: NewSchedule): Promise<Schedule> => {
      const schedule = await newSchedule(definitions, caller.owner, wanted, broker.clock.nowMs());
      const { owner, id } = schedule;
      for (;;) {
        const { schedule: earlier, revision } = await store.read(owner, id);
        if (earlier) {
          if (!hasSameSettings(earlier, schedule)) throw conflict(id);
          // The gateway that created it may have died before arming it.
          await settle(owner, id);
          return viewOf(earlier);
        }
        if ((await store.subjects(owner)).length >= scheduleLimit) throw tooMany();
        if ((await store.put(schedule, revision)) === undefined) continue;
        await settle(owner, id);
        return viewOf(schedule);
      }
    },

    list: async (caller: Caller, owner: string | undefined): Promise<ScheduleList> => {
      const listedOwner = owner ?? (mayDo(caller, 'seeSchedule') ? undefined : caller.owner);
      if (listedOwner !== undefined && !mayDo(caller, 'seeSchedule', listedOwner))
        return { schedules: [], more: false };
      const found = await store.list(listedOwner, scheduleLimit + 1);
      const schedules: ScheduleSummary[] = [];
      for (const record of found.slice(0, scheduleLimit)) {
        const { input: _input, firings: _firings, ...summary } = viewOf(record);
        if (schedules.push(summary) % perTurn === 0) await nextTurn();
      }
      schedules.sort((a, b) => compare(a.owner, b.owner) || compare(a.id, b.id));
      return { schedules, more: found.length > scheduleLimit };
    },

    /** @throws GatewayError SCHEDULE_NOT_FOUND, the same for an unknown schedule and for another owner's */
    get: async (caller: Caller, named: Named): Promise<Schedule> => {
      const { schedule } = await store.read(ownerOf(caller, named), named.id);
      if (!schedule) throw scheduleNotFound(named.id);
      return viewOf(schedule);
    },

    /**
     * Changes a schedule. Due times are first decided under the old settings, and the new settings apply to times after now,
     * so no time is lost and none fires twice. A firing that arrives in the meantime is either decided before the record is
     * changed (then the revision makes this read it again), or finds another next time in the record.
     *
     * @throws GatewayError SCHEDULE_NOT_FOUND, FORBIDDEN, INVALID_SCHEDULE, INVALID_INPUT, UNKNOWN_TASK,
     *   PAYLOAD_TOO_LARGE
     */
    update: async (
      caller: Caller,
      { changes, ...named }: z.output<typeof updateScheduleSchema>,
    ): Promise<Schedule> => {
      const owner = ownerToChange(caller, named);
      const { id } = named;
      for (;;) {
        const { schedule, revision } = await store.read(owner, id);
        if (!schedule) throw scheduleNotFound(id);
        const nowMs = broker.clock.nowMs();
        const changed = await changedSchedule(definitions, schedule, changes, nowMs);
        const { createdAt, next } = schedule;
        if (!schedule.paused && next !== undefined && Date.parse(next) <= nowMs) {
          await handleFiring(deps, { v: 1, owner, id, createdAt, at: next }, false);
          continue;
        }
        if (isDeepStrictEqual(changed, schedule)) return viewOf(schedule);
        // If this gateway dies from here on, the message is missing, which upkeep repairs, and not one for a wrong time.
        if (changed.next !== next) await disarmSchedule(broker, owner, id);
        const written = await store.put(changed, revision);
        if (written === undefined) continue;
        await settle(owner, id);
        return viewOf(changed);
      }
    },

    /**
     * Starts the schedule's task now, in addition to its times.
     * @throws GatewayError SCHEDULE_NOT_FOUND, FORBIDDEN, UNKNOWN_TASK, and what starting a task throws
     */
    run: async (caller: Caller, named: Named): Promise<ScheduleRun> => {
      const owner = ownerToChange(caller, named);
      const { schedule } = await store.read(owner, named.id);
      if (!schedule) throw scheduleNotFound(named.id);
      if (!definitions.has(schedule.name))
        throw new GatewayError(
          'UNKNOWN_TASK',
          `The contract of this gateway has no task ${schedule.name}. Deploy it again, or delete the schedule.`,
        );
      const at = broker.clock.now();
      const firing: Firing = { at, trigger: 'manual', outcome: 'started', decidedAt: at };
      const task = { ...taskOf(deps, schedule, firing), idempotencyKey: `run ${named.id} ${newTaskId()}` };
      const { id: taskId } = await deps.start({ owner, role: 'user' }, task);
      // Only after the start: a gateway that died in between would leave a firing that is started at some later time.
      await store.update(owner, named.id, now => withFiring(now, { ...firing, taskId }));
      // The task may have ended before it was in the history.
      const ended = await deps.find({ owner, role: 'user' }, taskId);
      if (ended?.finishedAt !== undefined && isTerminal(ended.status)) {
        const end = { status: ended.status, at: ended.finishedAt };
        await store.update(owner, named.id, now => withEnd(now, taskId, end));
      }
      return { id: named.id, taskId };
    },

    /** @throws GatewayError SCHEDULE_NOT_FOUND, FORBIDDEN */
    pause: async (caller: Caller, named: Named): Promise<Schedule> => {
      const owner = ownerToChange(caller, named);
      const schedule = await store.update(owner, named.id, now => {
        if (now.paused) return now;
        const { next: _next, ...rest } = now;
        return { ...rest, paused: true };
      });
      if (!schedule) throw scheduleNotFound(named.id);
      await settle(owner, named.id);
      return viewOf(schedule);
    },

    /**
     * Resumes a schedule. Times that passed while it was paused are not made up for.
     * @throws GatewayError SCHEDULE_NOT_FOUND, FORBIDDEN
     */
    resume: async (caller: Caller, named: Named): Promise<Schedule> => {
      const owner = ownerToChange(caller, named);
      const schedule = await store.update(owner, named.id, now =>
        now.paused ? waiting({ ...now, paused: false }, broker.clock.nowMs()) : now,
      );
      if (!schedule) throw scheduleNotFound(named.id);
      await settle(owner, named.id);
      return viewOf(schedule);
    },

    /**
     * Deletes a schedule. Deleting one that does not exist changes nothing.
     * @throws GatewayError SCHEDULE_NOT_FOUND for another owner's, FORBIDDEN
     */
    remove: async (caller: Caller, named: Named): Promise<DeletedSchedule> => {
      const owner = ownerToChange(caller, named);
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

function ownerOf(caller: Caller, { id, owner = caller.owner }: Named): string {
  if (!mayDo(caller, 'seeSchedule', owner)) throw scheduleNotFound(id);
  return owner;
}

function viewOf(record: ScheduleRecord): Schedule {
  const { v: _v, anchor: _anchor, ...schedule } = record;
  const [last] = schedule.firings;
  return { ...schedule, nextTimes: nextTimes(record), ...(last === undefined ? {} : { last }) };
}

const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b));

/** The same for an unknown schedule and for another owner's (invariant 8, owner-only). */
export function scheduleNotFound(id: string): GatewayError {
  return new GatewayError('SCHEDULE_NOT_FOUND', `No schedule ${id} exists that you may see. Check the id.`);
}

function conflict(id: string): GatewayError {
  return new GatewayError(
    'SCHEDULE_CONFLICT',
    `Your schedule ${id} has other settings. Use a new id, update it, or delete it first.`,
  );
}

function tooMany(): GatewayError {
  return new GatewayError(
    'TOO_MANY_SCHEDULES',
    `You have ${scheduleLimit} schedules, which is the limit. Delete those that you no longer need.`,
  );
}
