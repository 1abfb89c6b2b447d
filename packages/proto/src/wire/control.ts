import { z } from 'zod';
import { statusSchema } from './names.ts';

/** The payload of a request on `tasks.control.<id>`. */
export const controlRequestSchema = z
  .strictObject({
    v: z.literal(1),
    do: z.enum(['pause', 'resume']),
    by: z.string().min(1).max(256).meta({ description: 'Who asks.' }),
  })
  .meta({
    title: 'ControlRequest',
    description:
      'Asks the executor that runs a pausable task to pause it at its next checkpoint, or to resume it.',
  });
/** What a gateway asks the executor that runs a pausable task. */
export type ControlRequest = z.infer<typeof controlRequestSchema>;

/** The executor's reply: `pausing` or `resumed` is in the event log, appended by this executor or before. */
export const controlReplySchema = z
  .object({ v: z.literal(1), accepted: z.literal(true), executor: z.string(), attempt: z.int().min(1) })
  .meta({
    title: 'ControlReply',
    description: 'The requested state is in the event log, and the handler will follow it.',
  });
/** What an executor replies to a pause or a resume. */
export type ControlReply = z.infer<typeof controlReplySchema>;

/** What `tasks.pauseTask` and `tasks.resumeTask` answer a client. */
export const controlOutcomeSchema = z.object({
  id: z.string(),
  /** Of a task that is to pause: `RUNNING` until its handler comes to a checkpoint, then `PAUSED`. */
  status: statusSchema,
});
/** What a pause or a resume came to: the task's id and status. */
export type ControlOutcome = z.infer<typeof controlOutcomeSchema>;
