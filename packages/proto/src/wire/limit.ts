import { z } from 'zod';
import { instantSchema, taskIdSchema, taskNameSchema } from './names.ts';

/** One task that has a place. */
export const placeHolderSchema = z.object({
  id: taskIdSchema,
  name: taskNameSchema,
  owner: z.string().min(1),
  executor: z
    .string()
    .optional()
    .meta({ description: 'Who runs it; absent while a start that would be refused has only reserved it.' }),
  attempt: z.int().min(1).optional(),
  keeps: z
    .enum(['attempt', 'task'])
    .meta({ description: 'How long it has the place: to the end of the attempt, or of the task.' }),
  at: instantSchema.meta({ description: 'When it took the place.' }),
});
export type PlaceHolder = z.infer<typeof placeHolderSchema>;

/** One task that waits for a place. */
export const placeWaiterSchema = z.object({
  id: taskIdSchema,
  rank: z.number().meta({
    description:
      'The lowest goes first: when it was to start, in milliseconds since the epoch, later by its priority.',
  }),
  until: instantSchema.meta({ description: 'It has to say before then that it still waits.' }),
});
export type PlaceWaiter = z.infer<typeof placeWaiterSchema>;

/** The value in the bucket of limits under `places.…`: who has the places of one limit, and who waits for one. */
export const placesSchema = z
  .object({
    v: z.literal(1),
    group: z.string(),
    key: z.string().optional(),
    holders: z.array(placeHolderSchema),
    waiting: z.array(placeWaiterSchema),
  })
  .meta({ title: 'Places', description: 'Who has the places of one limit of concurrency, and who waits.' });
export type Places = z.infer<typeof placesSchema>;

/** The value in the bucket of limits under `rate.…`: when the latest attempts of a name began. */
export const rateSchema = z
  .object({
    v: z.literal(1),
    name: taskNameSchema,
    begun: z.array(z.number()).meta({ description: 'In milliseconds since the epoch, oldest first.' }),
  })
  .meta({ title: 'Rate', description: 'When the latest attempts of a task with a limited rate began.' });
export type Rate = z.infer<typeof rateSchema>;

/** The payload on `tasks.limits.freed`: a place may be free. */
export const freedSchema = z
  .strictObject({
    v: z.literal(1),
    limit: z.string().meta({ description: 'The key of its record in the bucket.' }),
  })
  .meta({ title: 'PlaceFreed', description: 'Tells executors that a place of a limit may be free.' });
export type Freed = z.infer<typeof freedSchema>;
