import { z } from 'zod';
import { statuses } from './status.ts';

/** Of several waiting tasks, higher goes first. */
export const priorities = ['high', 'normal', 'low'] as const;
/** The priority of a task in its queue. */
export type Priority = (typeof priorities)[number];
/** A priority as messages and callers write it. */
export const prioritySchema = z.enum(priorities);

/** A status as messages and callers write it. */
export const statusSchema = z.enum(statuses);

/** A task's id: a UUID (version 7 where Longhaul makes it, 8 where it stands for an idempotency key). */
export const taskIdSchema = z.uuid().toLowerCase();

/** The longest task type: a consumer is named after it with its priority, and NATS takes 255 characters for that. */
export const taskTypeLimit = 240;

/** A task type: the dotted path of its definition in the contract. */
export const taskTypeSchema = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*$/,
    'A task type is letters, digits, "_" and dots, like audio.transcribe.',
  )
  .max(taskTypeLimit);

/** An instant as the wire writes it: ISO 8601, UTC, milliseconds. */
export const instantSchema = z.iso.datetime();

const plainOwner = /^[A-Za-z0-9_-]+$/;

/**
 * An owner as one token of a NATS subject: unchanged where it is letters, digits, "_" and "-", else `=` and the
 * base64url of its UTF-8. Two owners never share a token, since no plain owner begins with `=`.
 */
export function ownerToken(owner: string): string {
  if (plainOwner.test(owner)) return owner;
  const bytes = new TextEncoder().encode(owner);
  return `=${btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')}`;
}
