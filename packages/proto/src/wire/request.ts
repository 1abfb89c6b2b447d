import { z } from 'zod';
import { instantSchema, prioritySchema } from './names.ts';

/**
 * A task's request: the payload on `tasks.request.<priority>.<id>.<name>`. Once JetStream has acknowledged it, the
 * task exists. Id and name stand in the subject alone.
 */
export const requestSchema = z
  .object({
    v: z.literal(1).meta({ description: 'The version of this message format.' }),
    owner: z
      .string()
      .min(1)
      .max(256)
      .meta({ description: 'The authenticated caller that started the task.' }),
    createdAt: instantSchema.meta({ description: 'When the gateway accepted it.' }),
    priority: prioritySchema.meta({ description: 'The same as in the subject.' }),
    input: z
      .unknown()
      .optional()
      .meta({ description: 'The JSON that the caller wrote; the executor parses it by the contract.' }),
    idempotencyKey: z.string().min(1).max(256).optional(),
    scheduledFor: instantSchema.optional().meta({ description: 'Not to start before.' }),
  })
  .meta({ title: 'TaskRequest', description: 'A request to run a task.' });

export type TaskRequest = z.infer<typeof requestSchema>;
