import { z } from 'zod';
import { concurrencyKeyLimit } from '../contract/taskLimits.ts';
import { policyOverridesSchema } from '../contract/taskPolicy.ts';
import { parentSchema } from './childLinks.ts';
import { instantSchema, prioritySchema, taskIdSchema } from './names.ts';
import { payloadRefSchema } from './payload.ts';
import { scheduleIdSchema } from './schedule.ts';

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
    inputRef: payloadRefSchema
      .optional()
      .meta({ description: 'Instead of `input`: where it lies, too large for a message.' }),
    idempotencyKey: z.string().min(1).max(256).optional(),
    policy: policyOverridesSchema
      .optional()
      .meta({ description: "What this start sets instead of the definition's policy." }),
    concurrencyKeys: z.array(z.string().max(concurrencyKeyLimit)).max(4).optional().meta({
      description: "The keys of the definition's limits of concurrency that have one, in their order.",
    }),
    startBy: instantSchema
      .optional()
      .meta({ description: 'Not begun by then, it fails with NOT_STARTED_IN_TIME.' }),
    scheduledFor: instantSchema.optional().meta({ description: 'Not to start before.' }),
    retryOf: taskIdSchema.optional().meta({ description: 'The ended task that this one tries again.' }),
    parent: parentSchema.optional().meta({ description: 'The task whose handler started it.' }),
    scheduleId: scheduleIdSchema.optional().meta({ description: 'The recurring schedule that started it.' }),
  })
  .meta({ title: 'TaskRequest', description: 'A request to run a task.' });

/** A request to run a task, as the queue holds it. */
export type TaskRequest = z.infer<typeof requestSchema>;
