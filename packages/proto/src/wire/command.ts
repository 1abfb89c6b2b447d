import { z } from 'zod';

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
