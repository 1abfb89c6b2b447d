import { z } from 'zod';
import { instantSchema, taskIdSchema, taskTypeSchema } from './names.ts';

/** What an executor replies to an empty request on `tasks.executors.status`. */
export const executorStatusSchema = z
  .object({
    v: z.literal(1),
    executor: z.string().min(1).meta({ description: 'The same id as in its events.' }),
    host: z.string().optional().meta({ description: 'The name of its machine.' }),
    version: z.string().optional().meta({ description: 'Of its software.' }),
    startedAt: instantSchema,
    clockAheadMs: z
      .int()
      .optional()
      .meta({ description: "How far its machine's clock is ahead of the server's, in milliseconds." }),
    slots: z.int().min(0).meta({ description: 'How many attempts it runs at once.' }),
    tasks: z.array(taskTypeSchema).meta({ description: 'The names that it serves.' }),
    running: z
      .array(z.object({ id: taskIdSchema, name: taskTypeSchema, attempt: z.int().min(1) }))
      .meta({ description: 'The attempts that it works on.' }),
  })
  .meta({ title: 'ExecutorStatus', description: 'What an executor says of itself.' });
/** What an executor says of itself. */
export type ExecutorStatus = z.infer<typeof executorStatusSchema>;
