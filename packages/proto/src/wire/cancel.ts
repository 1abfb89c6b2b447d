import { z } from 'zod';
import { statusSchema } from './names.ts';

/** The payload of a request on `tasks.cancel.<id>`. */
export const cancelRequestSchema = z
  .strictObject({ v: z.literal(1), reason: z.string().max(1_000).optional() })
  .meta({ title: 'CancelRequest', description: 'Asks the executor that runs the task to end it.' });
/** What a gateway asks the executor that runs a task. */
export type CancelRequest = z.infer<typeof cancelRequestSchema>;

/** The executor's reply: it has aborted the handler's signal, and will append `canceled` once it has ended. */
export const cancelReplySchema = z
  .object({ v: z.literal(1), accepted: z.literal(true), executor: z.string(), attempt: z.int().min(1) })
  .meta({ title: 'CancelReply', description: 'The executor has aborted the handler.' });
/** What an executor replies to a cancel. */
export type CancelReply = z.infer<typeof cancelReplySchema>;

/** What `tasks.cancel` answers a client. `alreadyEnded`: it was terminal before. */
export const cancelOutcomeSchema = z.object({
  id: z.string(),
  status: statusSchema,
  alreadyEnded: z.boolean(),
});
/** What a cancel came to: the task's status, and whether it had ended before. */
export type CancelOutcome = z.infer<typeof cancelOutcomeSchema>;

/** What `tasks.cancelMany` answers a client: how many tasks came to what. */
export type CancelManyOutcome = {
  /** `CANCELED` now: no executor ran them. */
  canceled: number;
  /** Their executors were notified, and their handlers are ending. */
  stopping: number;
  /** They had ended by the time it was their turn. */
  alreadyEnded: number;
  /** They could not be canceled. Call again. */
  failed: number;
  /** There may be more that fit: the limit, or the time for one call, was reached. Call again. */
  more: boolean;
};
