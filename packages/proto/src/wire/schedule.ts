import { z } from 'zod';
import { policyOverridesSchema } from '../contract/taskPolicy.ts';
import { instantSchema, prioritySchema, taskIdSchema, taskTypeSchema } from './names.ts';

/** How many firings a schedule's record keeps; those that are about to start their tasks are kept beyond it. */
export const firingsKept = 50;

/** A schedule's id: its owner's own name for it, or a UUID. It is a token of a subject. */
export const scheduleIdSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/,
    'A schedule id is letters, digits, "_" and "-" (64 at most), like nightly-lint.',
  );

/** What a firing does while the task of an earlier one is not over. */
export const overlaps = ['skip', 'queue', 'cancelPrevious'] as const;
/** What a firing does while the task before is active: skip it, start another, or cancel that task first. */
export type Overlap = (typeof overlaps)[number];

/** What comes of the times at which no gateway could deal with a firing. */
export const misfirePolicies = ['skip', 'one', 'all'] as const;
/** What comes of missed times: nothing, one task for the newest, or one for each. */
export type MisfirePolicy = (typeof misfirePolicies)[number];
/** How many missed times `misfire: 'all'` makes up for at most: the newest. */
export const misfireLimit = 100;
/** How late a firing may be dealt with and still be in time, unless the schedule says otherwise. */
export const defaultMisfireAfterMs = 60_000;
export const misfireAfterMsSchema = z
  .int()
  .min(1_000)
  .max(24 * 60 * 60 * 1_000);

/** What became of a firing: counted. */
export const firingOutcomes = ['started', 'skipped', 'missed', 'failed'] as const;
/** What became of a firing: its task was started, was skipped, was missed, or could not be started. */
export type FiringOutcome = (typeof firingOutcomes)[number];

/** How the task of a firing ended. */
export const firingEndSchema = z.object({
  status: z.enum(['COMPLETED', 'FAILED', 'CANCELED']),
  at: instantSchema,
});
/** How the task of a firing ended, and when. */
export type FiringEnd = z.infer<typeof firingEndSchema>;

/** One firing, as the schedule's record keeps it. */
export const firingSchema = z.object({
  at: instantSchema.meta({ description: 'When it was due; of several missed ones, the last of them.' }),
  trigger: z.literal('manual').optional().meta({ description: 'It was started by `run`; else it was due.' }),
  outcome: z
    .enum(['starting', ...firingOutcomes])
    .meta({ description: '`starting`: it is decided that it starts a task, and a gateway is about to.' }),
  decidedAt: instantSchema.optional().meta({ description: 'When a gateway decided what comes of it.' }),
  times: z
    .int()
    .min(2)
    .optional()
    .meta({ description: 'How many missed times in a row it stands for, where it is more than one.' }),
  taskId: taskIdSchema.optional().meta({ description: 'The task that it started.' }),
  end: firingEndSchema.optional().meta({ description: 'How that task ended.' }),
  error: z
    .object({ code: z.string(), message: z.string() })
    .optional()
    .meta({ description: 'Why it could not start one.' }),
});
/** One firing, and what came of it. */
export type Firing = z.infer<typeof firingSchema>;

const count = z.int().min(0);

/**
 * A recurring schedule: the value in the bucket of schedules. It alone says what is to be fired; the message schedule
 * in the stream follows it.
 */
export const scheduleSchema = z
  .object({
    v: z.literal(1),
    id: scheduleIdSchema,
    owner: z.string().min(1).max(256),
    name: taskTypeSchema,
    input: z.unknown().optional().meta({ description: 'The JSON that each task is started with.' }),
    cron: z
      .string()
      .optional()
      .meta({ description: 'A cron expression, as its owner wrote it; else there is `every`.' }),
    every: z.string().optional().meta({ description: 'An interval, as its owner wrote it.' }),
    timeZone: z
      .string()
      .optional()
      .meta({ description: 'The IANA time zone that the cron expression is read in; default UTC.' }),
    overlap: z.enum(overlaps),
    misfire: z
      .enum(misfirePolicies)
      .default('one')
      .meta({ description: 'What comes of times at which no gateway could deal with a firing.' }),
    misfireAfterMs: misfireAfterMsSchema
      .default(defaultMisfireAfterMs)
      .meta({ description: 'A time that is dealt with later than this counts as missed.' }),
    priority: prioritySchema,
    policy: policyOverridesSchema.optional(),
    paused: z.boolean(),
    createdAt: instantSchema,
    anchor: instantSchema
      .optional()
      .meta({ description: 'What the interval `every` is counted from; default `createdAt`.' }),
    next: instantSchema
      .optional()
      .meta({ description: 'The next time that is to be decided; none while it is paused.' }),
    lastTask: z
      .object({ id: taskIdSchema, at: instantSchema })
      .optional()
      .meta({ description: 'The task that was started last (or is about to be), and by which firing.' }),
    firings: z.array(firingSchema).meta({ description: `The latest ${firingsKept}, newest first.` }),
    counts: z
      .object({ started: count, skipped: count, missed: count, failed: count })
      .meta({ description: 'What became of all firings.' }),
  })
  .meta({ title: 'Schedule', description: 'A recurring schedule, and what came of it.' });
/** A recurring schedule, as the bucket holds it. */
export type ScheduleRecord = z.infer<typeof scheduleSchema>;

/** The payload of a message schedule, and so of the one message that it becomes when it is due. */
export const fireSchema = z
  .object({
    v: z.literal(1),
    owner: z.string().min(1).max(256),
    id: scheduleIdSchema,
    createdAt: instantSchema.meta({
      description: 'Of the schedule that fires: one that was deleted and created again is another.',
    }),
    at: instantSchema
      .optional()
      .meta({ description: 'When it is due. Without it (version 0.1) it starts nothing.' }),
  })
  .meta({ title: 'Fire', description: 'A schedule is due.' });
/** What says that a schedule is due. */
export type Fire = z.infer<typeof fireSchema>;
