import { z } from 'zod';
import { taskIdSchema } from './names.ts';

/**
 * The payload of a message on `tasks.executors.holder.<executor token>`. With a reply subject it asks whether that
 * executor still works on the task; without one it says that the task's chain has gone on, and to look into it.
 */
export const holderRequestSchema = z.object({ v: z.literal(1), id: taskIdSchema }).meta({
  title: 'HolderRequest',
  description:
    'Asks the executor of an attempt whether it still works on it, or tells it to look at the chain.',
});
export type HolderRequest = z.infer<typeof holderRequestSchema>;

/** The executor's reply. */
export const holderReplySchema = z
  .object({ v: z.literal(1), holds: z.boolean() })
  .meta({ title: 'HolderReply', description: 'Whether this executor works on the task.' });
export type HolderReply = z.infer<typeof holderReplySchema>;
