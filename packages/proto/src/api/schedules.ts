import type { TRPCMutationProcedure, TRPCQueryProcedure } from '@trpc/server';
import { z } from 'zod';
import { strictOptions } from '../contract/strictOptions.ts';
import type { InputOf, TaskDefinition } from '../contract/taskDefinition.ts';
import { policyOverridesSchema } from '../contract/taskPolicy.ts';
import { prioritySchema, taskTypeSchema } from '../wire/names.ts';
import {
  type Firing,
  misfireAfterMsSchema,
  misfirePolicies,
  overlaps,
  type ScheduleRecord,
  scheduleIdSchema,
} from '../wire/schedule.ts';
import type { Call } from './taskViews.ts';

/** The most schedules that one owner can have, and that a list answers. */
export const scheduleLimit = 1_000;

/** How many of its coming times a schedule tells. */
export const nextTimesShown = 5;

const settings = {
  /** The input of each task that it starts. */
  input: z.unknown().optional(),
  /** Five fields (`30 2 * * MON-FRI`), six with the second in front, or `@daily` and its like. */
  cron: z.string().min(1).max(200).optional(),
  /** Instead of `cron`: an interval of whole seconds, like `15m`, `1h30m` or `1d`. */
  every: z.string().min(1).max(50).optional(),
  /** The IANA time zone that `cron` is read in. Default: UTC. */
  timeZone: z.string().min(1).max(64).optional(),
  /**
   * What a firing does while the task of an earlier one is not over. `skip` (the default): nothing. `queue`: starts
   * its task all the same. `cancelPrevious`: cancels that task, then starts its own.
   */
  overlap: z.enum(overlaps).optional(),
  /**
   * What happens with times at which no task could be started (every gateway or NATS was down). `one` (the default): the
   * newest of them starts its task, unless a time that is due just now does so. `skip`: nothing. `all`: each starts
   * its task, the newest 100 at most.
   */
  misfire: z.enum(misfirePolicies).optional(),
  /** A time that is dealt with later than this counts as missed. A second to a day; default: a minute. */
  misfireAfterMs: misfireAfterMsSchema.optional(),
  /** Of each task. Default: `normal`. */
  priority: prioritySchema.optional(),
  /** Of each task, instead of the definition's. */
  policy: policyOverridesSchema.optional(),
};

/** A schedule to create. */
export const createScheduleSchema = strictOptions({
  /** The task that each firing starts, by its dotted name. */
  name: taskTypeSchema,
  ...settings,
  /** A name of yours, unique among your schedules. The same again gives the same schedule. Default: a UUID. */
  id: scheduleIdSchema.optional(),
});
/** What `schedules.create` takes. */
export type CreateSchedule = z.input<typeof createScheduleSchema>;

/** A schedule by its id. An operator may see another owner's, an administrator also change it. */
export const scheduleCallSchema = strictOptions({
  /** The schedule's id. */
  id: scheduleIdSchema,
  /** Whose it is. Default: the caller's own. */
  owner: z.string().min(1).max(256).optional(),
});
/** What a call about one schedule takes: its id, and its owner where that is another one. */
export type ScheduleCall = z.input<typeof scheduleCallSchema>;

/**
 * What to change of a schedule; what is not named stays. `cron` and `every` each take the other's place; `policy` is
 * replaced as a whole.
 */
export const scheduleChangesSchema = strictOptions(settings);
/** What of a schedule to change; what is left out stays. */
export type ScheduleChanges = z.input<typeof scheduleChangesSchema>;
/** A schedule, and what to change of it. */
export const updateScheduleSchema = scheduleCallSchema.extend({
  /** What to change. */
  changes: scheduleChangesSchema,
});
/** What `schedules.update` takes. */
export type UpdateSchedule = z.input<typeof updateScheduleSchema>;

/** Whose schedules to list; default: all that the caller may see. */
export const listSchedulesSchema = strictOptions({
  /** Of this owner alone. */
  owner: z.string().min(1).max(256).optional(),
}).optional();
/** What `schedules.list` takes. */
export type ListSchedules = z.input<typeof listSchedulesSchema>;

/**
 * A schedule as its owner sees it. `last`: what came of the latest firing. `nextTimes`: the next five, beginning with
 * `next`; none while it is paused. `firings`: the latest fifty, newest first, with the ends of their tasks.
 */
export type Schedule = Omit<ScheduleRecord, 'v' | 'anchor'> & {
  /** What came of the latest firing. */
  last?: Firing;
  /** The next five times, beginning with `next`; none while it is paused. */
  nextTimes: string[];
};
/** A line of the list of schedules: one without its input and its history. */
export type ScheduleSummary = Omit<Schedule, 'input' | 'firings'>;
/** Up to {@link scheduleLimit} schedules, by owner and id. `more`: there are more. */
export type ScheduleList = {
  /** Without their inputs and firings. */
  schedules: ScheduleSummary[];
  /** Whether there are more. */
  more: boolean;
};
/** `deleted`: whether there was one. */
export type DeletedSchedule = {
  /** The schedule's id. */
  id: string;
  /** Whether there was one. */
  deleted: boolean;
};
/** The task that was started by hand. */
export type ScheduleRun = {
  /** The schedule's id. */
  id: string;
  /** The id of the task that was started. */
  taskId: string;
};

/** When a schedule fires: by a cron expression and its time zone, or at an interval. */
export type ScheduleTiming =
  | { readonly cron: string; readonly timeZone?: string; readonly every?: never }
  | { readonly every: string; readonly cron?: never; readonly timeZone?: never };
/** A schedule of one kind of task. */
export type ScheduleOptions<T extends TaskDefinition> = ScheduleTiming &
  Pick<CreateSchedule, 'overlap' | 'misfire' | 'misfireAfterMs' | 'priority' | 'policy' | 'id'> & {
    /** The input of each task that it starts. */
    readonly input: InputOf<T>;
  };

/** The procedures of recurring schedules, beside the contract's tree. */
export type ScheduleProcedures = {
  /** Creates a schedule, or answers the one that has this id and says the same. */
  create: TRPCMutationProcedure<Call<CreateSchedule, Schedule>>;
  /** Lists schedules, by owner and id. */
  list: TRPCQueryProcedure<Call<ListSchedules, ScheduleList>>;
  /** Reads a schedule, with its input and its latest firings. */
  get: TRPCQueryProcedure<Call<ScheduleCall, Schedule>>;
  /** Changes a schedule: no time is lost or fires twice. */
  update: TRPCMutationProcedure<Call<UpdateSchedule, Schedule>>;
  /** Starts its task now, also while it is paused or the task before is running. Its coming times stay. */
  run: TRPCMutationProcedure<Call<ScheduleCall, ScheduleRun>>;
  /** No more firings until `resume`; tasks that were started keep running. */
  pause: TRPCMutationProcedure<Call<ScheduleCall, Schedule>>;
  /** Resumes a paused schedule. What was due meanwhile is not made up for. */
  resume: TRPCMutationProcedure<Call<ScheduleCall, Schedule>>;
  /** Ends it for good; tasks that were started keep running. */
  delete: TRPCMutationProcedure<Call<ScheduleCall, DeletedSchedule>>;
};
