import { z } from 'zod';
import { policyOverridesSchema } from '../contract/taskPolicy.ts';
import { instantSchema, prioritySchema, taskIdSchema, taskNameSchema } from './names.ts';

/** How many firings a schedule's record keeps. */
export const firingsKept = 10;

/** A schedule's id: its owner's own name for it, or a UUID. It is a token of a subject. */
export const scheduleIdSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/,
    'A schedule id is letters, digits, "_" and "-" (64 at most), like nightly-lint.',
  );

/** What a firing does while the task of an earlier one is not over. */
export const overlaps = ['skip', 'queue', 'cancelPrevious'] as const;
export type Overlap = (typeof overlaps)[number];

/** What became of a firing: counted. */
export const firingOutcomes = ['started', 'skipped', 'missed', 'failed'] as const;
export type FiringOutcome = (typeof firingOutcomes)[number];

/** One firing, as the schedule's record keeps it. */
export const firingSchema = z.object({
  seq: z.int().min(1).meta({ description: 'The sequence of its message in the stream TASKS.' }),
  at: instantSchema.meta({ description: 'When the server fired.' }),
  outcome: z
    .enum(['starting', ...firingOutcomes])
    .meta({ description: '`starting`: it is decided that it starts a task, and a gateway is about to.' }),
  taskId: taskIdSchema.optional().meta({ description: 'The task that it started.' }),
  error: z
    .object({ code: z.string(), message: z.string() })
    .optional()
    .meta({ description: 'Why it could not start one.' }),
});
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
    name: taskNameSchema,
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
    priority: prioritySchema,
    policy: policyOverridesSchema.optional(),
    paused: z.boolean(),
    createdAt: instantSchema,
    next: instantSchema
      .optional()
      .meta({ description: 'When it fires next; not known before the first firing, nor while paused.' }),
    lastTask: z
      .object({ id: taskIdSchema, seq: z.int().min(1), at: instantSchema })
      .optional()
      .meta({ description: 'The task that was started last (or is about to be), and by which firing.' }),
    firings: z.array(firingSchema).meta({ description: `The latest ${firingsKept}, newest first.` }),
    counts: z
      .object({ started: count, skipped: count, missed: count, failed: count })
      .meta({ description: 'What became of all firings.' }),
  })
  .meta({ title: 'Schedule', description: 'A recurring schedule, and what came of it.' });
export type ScheduleRecord = z.infer<typeof scheduleSchema>;

/** The payload of a message schedule, and so of each message that it fires. */
export const fireSchema = z
  .object({
    v: z.literal(1),
    owner: z.string().min(1).max(256),
    id: scheduleIdSchema,
    createdAt: instantSchema.meta({
      description: 'Of the schedule that fires: one that was deleted and made anew is another.',
    }),
  })
  .meta({ title: 'Fire', description: 'A schedule is due.' });
export type Fire = z.infer<typeof fireSchema>;
