import { z } from 'zod';
import { statusSchema, taskIdSchema } from './names.ts';

/**
 * Who sends commands over core NATS: what a gateway asks of executors, and executors of each other.
 *
 * Every command carries a reply subject below its sender's `answers(role)`. That is the proof of where it comes from:
 * the subjects of commands may be published by gateways (some by executors) alone, and all that a server publishes on
 * behalf of another user (deliveries of a push consumer, answers to a direct get, acknowledgements, republished
 * messages) carries no reply subject, or one of the server's own.
 */
export const commandRoles = ['gateway', 'executor'] as const;
/** Who sends a command: a gateway, or an executor. */
export type CommandRole = (typeof commandRoles)[number];

/** The payload on `tasks.executors.wake`. */
export const wakeSchema = z
  .strictObject({ v: z.literal(1) })
  .meta({ title: 'Wake', description: 'Tells executors to pull again: a paused task type was resumed.' });
/** What tells executors to pull again. */
export type Wake = z.infer<typeof wakeSchema>;

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
