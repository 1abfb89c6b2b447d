import { z } from 'zod';
import { taskIdSchema } from './names.ts';

/**
 * The payload of a message on `tasks.executors.holder.<executor token>`: asks whether that executor still works on the
 * task (`answer`), or says that others have appended to the task's events, and to read them (`look`).
 */
export const holderRequestSchema = z
  .strictObject({ v: z.literal(1), id: taskIdSchema, do: z.enum(['answer', 'look']) })
  .meta({
    title: 'HolderRequest',
    description:
      'Asks the executor of an attempt whether it still works on it, or tells it to read the task’s events.',
  });
/** What an executor or a gateway asks the executor of an attempt. */
export type HolderRequest = z.infer<typeof holderRequestSchema>;

/** The executor's reply. */
export const holderReplySchema = z
  .object({ v: z.literal(1), holds: z.boolean() })
  .meta({ title: 'HolderReply', description: 'Whether this executor works on the task.' });
/** Whether an executor still works on a task. */
export type HolderReply = z.infer<typeof holderReplySchema>;
