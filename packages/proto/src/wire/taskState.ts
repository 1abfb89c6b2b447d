import { z } from 'zod';
import { instantSchema, statusSchema } from './names.ts';

/**
 * What decisions about a task need to know of it, as every lifecycle event carries it: so a claim, a cancel or a
 * refused append reads the last lifecycle event alone, however long the log is.
 */
export const taskStateSchema = z
  .object({
    status: statusSchema,
    attempt: z
      .int()
      .min(0)
      .meta({ description: 'The number of the current or last attempt; 0 before the first.' }),
    executor: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'The executor that runs or ran that attempt.' }),
    held: z
      .literal(true)
      .optional()
      .meta({ description: 'That executor has neither ended nor released the attempt.' }),
    failures: z.int().min(0).meta({ description: 'How many attempts have failed.' }),
    losses: z.int().min(0).meta({ description: 'How many attempts were lost with their executor.' }),
    cancelReason: z.string().optional(),
    pause: z
      .object({ by: z.string(), at: instantSchema })
      .optional()
      .meta({ description: 'A pause is requested, and no resume since.' }),
    nextAttemptAt: instantSchema.optional().meta({ description: 'While it is RETRYING.' }),
    events: z
      .int()
      .min(0)
      .meta({ description: 'How many lifecycle events the log has had, this one included.' }),
  })
  .meta({ description: 'The state of the task after this event.' });

/** What decisions about a task need to know of it. */
export type TaskState = z.infer<typeof taskStateSchema>;
