import { z } from 'zod';
import { policyOverridesSchema } from '../contract/taskPolicy.ts';
import { childrenKept, childSchema, parentSchema } from './childLinks.ts';
import { failureSchema } from './failure.ts';
import { instantSchema, prioritySchema, statusSchema, taskIdSchema, taskTypeSchema } from './names.ts';
import { payloadRefSchema } from './payload.ts';
import { scheduleIdSchema } from './schedule.ts';

/** One start of a task's handler, as its record keeps it. */
export const attemptSchema = z.object({
  number: z.int().min(1),
  executor: z.string(),
  startedAt: instantSchema,
  endedAt: instantSchema.optional(),
  error: failureSchema.optional(),
  seq: z.int().min(1).meta({ description: 'The sequence of the event that began it.' }),
});

/**
 * A task's record: the value in the KV bucket, and what `get` answers. It is the fold of the task's request and
 * events in stream order, and nothing else.
 */
export const recordSchema = z
  .object({
    v: z.literal(1),
    id: taskIdSchema,
    name: taskTypeSchema,
    owner: z.string().min(1),
    status: statusSchema,
    priority: prioritySchema,
    createdAt: instantSchema,
    scheduledFor: instantSchema.optional(),
    startedAt: instantSchema.optional().meta({ description: 'When its first attempt began.' }),
    finishedAt: instantSchema.optional(),
    nextAttemptAt: instantSchema.optional().meta({ description: 'While it is RETRYING.' }),
    attempt: z
      .int()
      .min(0)
      .meta({ description: 'The number of the current or last attempt; 0 before the first.' }),
    attempts: z.array(attemptSchema).meta({ description: 'The latest attempts, oldest first.' }),
    failures: z.int().min(0).default(0).meta({ description: 'How many attempts have failed.' }),
    losses: z
      .int()
      .min(0)
      .default(0)
      .meta({ description: 'How many attempts were lost with their executor.' }),
    idempotencyKey: z.string().optional(),
    retryOf: taskIdSchema.optional().meta({ description: 'The ended task that this one tries again.' }),
    parent: parentSchema.optional().meta({ description: 'The task whose handler started it.' }),
    children: z
      .array(childSchema)
      .max(childrenKept)
      .optional()
      .meta({ description: 'The first tasks that its handler started, in the order of their starts.' }),
    childCount: z.int().min(1).optional().meta({
      description: 'How many tasks its handler started, those beyond the limit of `children` included.',
    }),
    pause: z.object({ by: z.string(), at: instantSchema }).optional().meta({
      description: 'A pause is requested: the task pauses at its checkpoints until it is resumed.',
    }),
    scheduleId: scheduleIdSchema.optional().meta({ description: 'The recurring schedule that started it.' }),
    policy: policyOverridesSchema.optional(),
    concurrencyKeys: z.array(z.string()).optional(),
    startBy: instantSchema.optional(),
    input: z.unknown().optional(),
    inputRef: payloadRefSchema.optional().meta({ description: 'Instead of `input`: where it is stored.' }),
    progress: z.unknown().optional(),
    output: z.unknown().optional(),
    outputRef: payloadRefSchema.optional().meta({ description: 'Instead of `output`: where it is stored.' }),
    error: failureSchema
      .optional()
      .meta({ description: 'Of a FAILED task, or the last attempt of a RETRYING one.' }),
    cancelReason: z.string().optional(),
    handlerStillRunning: z.literal(true).optional(),
    omitted: z.array(z.string()).optional().meta({
      description:
        'The parts that are left out: too large for a record (the events have them), or no longer kept.',
    }),
    seq: z.int().min(0).meta({ description: 'The sequence of the last event in it; 0 when there was none.' }),
  })
  .meta({ title: 'TaskRecord', description: 'What is known of a task.' });

/** What is known of a task: the fold of its events, as the bucket holds it. */
export type TaskRecord = z.infer<typeof recordSchema>;
/** One attempt in a record: when it began and ended, by which executor, and its failure. */
export type AttemptRecord = z.infer<typeof attemptSchema>;
