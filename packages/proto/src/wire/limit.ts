import { z } from 'zod';
import { instantSchema, taskIdSchema, taskTypeSchema } from './names.ts';

/** One task that has a permit. */
export const permitHolderSchema = z.object({
  id: taskIdSchema,
  name: taskTypeSchema,
  owner: z.string().min(1),
  executor: z
    .string()
    .optional()
    .meta({ description: 'Who runs it; absent while a start that would be refused has only reserved it.' }),
  attempt: z.int().min(1).optional(),
  keeps: z
    .enum(['attempt', 'task'])
    .meta({ description: 'How long it has the permit: to the end of the attempt, or of the task.' }),
  at: instantSchema.meta({ description: 'When it took the permit.' }),
});
/** A task that has a permit, and how long it keeps it. */
export type PermitHolder = z.infer<typeof permitHolderSchema>;

/** One task that waits for a permit. */
export const permitWaiterSchema = z.object({
  id: taskIdSchema,
  rank: z.number().meta({
    description:
      'The lowest goes first: when it was to start, in milliseconds since the epoch, later by its priority.',
  }),
  until: instantSchema.meta({ description: 'It has to say before then that it still waits.' }),
});
export type PermitWaiter = z.infer<typeof permitWaiterSchema>;

/** The value in the bucket of limits under `permits.…`: who has the permits of one limit, and who waits for one. */
export const permitsSchema = z
  .object({
    v: z.literal(1),
    group: z.string(),
    key: z.string().optional(),
    holders: z.array(permitHolderSchema),
    waiting: z.array(permitWaiterSchema),
  })
  .meta({ title: 'Permits', description: 'Who has the permits of one limit of concurrency, and who waits.' });
/** Who has the permits of one limit, and who waits for one. */
export type Permits = z.infer<typeof permitsSchema>;

/** The value in the bucket of limits under `rate.…`: when the latest attempts of a name began. */
export const rateSchema = z
  .object({
    v: z.literal(1),
    name: taskTypeSchema,
    begun: z.array(z.number()).meta({ description: 'In milliseconds since the epoch, oldest first.' }),
  })
  .meta({ title: 'Rate', description: 'When the latest attempts of a task with a limited rate began.' });
/** When the latest attempts of a task type with a limited rate began. */
export type Rate = z.infer<typeof rateSchema>;

/** The payload on `tasks.limits.freed`: a permit may be free. */
export const freedSchema = z
  .strictObject({
    v: z.literal(1),
    limit: z.string().meta({ description: 'The key of its record in the bucket.' }),
  })
  .meta({ title: 'PermitFreed', description: 'Tells executors that a permit of a limit may be free.' });
/** Says that a permit of a limit may be free. */
export type Freed = z.infer<typeof freedSchema>;
