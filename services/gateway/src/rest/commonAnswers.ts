import { z } from 'zod';
import type { AnswerHeader } from './operation.ts';
import { taskSchema } from './taskPayload.ts';

const seconds = z.string().regex(/^\d+$/);

/** Headers of answers that several operations have. */
export const headers = {
  location: {
    description: 'The URL path of the schedule or task.',
    schema: z.string().regex(/^\/v1\//),
    required: true,
  },
  taskLocation: {
    description: 'The URL path of the task.',
    schema: z.string().regex(/^\/v1\/tasks\/[0-9a-f-]{36}$/),
    required: true,
  },
  retryAfter: {
    description: 'Seconds to wait before the next request.',
    schema: seconds,
    required: true,
  },
  retryAfterWhileActive: {
    description: 'While the task is active: seconds to wait before the next request.',
    schema: seconds,
    required: false,
  },
  preferenceApplied: {
    description: 'The preferences of `Prefer` that were applied (RFC 7240).',
    schema: z.string(),
    required: false,
  },
  etag: {
    description: 'Changes whenever the task does; for `If-None-Match`.',
    schema: z.string().regex(/^W\/"[^"]+"$/),
    required: true,
  },
} as const satisfies Record<string, AnswerHeader>;

/** The answer when a task was accepted. */
export const accepted = {
  description: 'Accepted. Read its state at `Location`.',
  schema: taskSchema,
  headers: {
    location: headers.taskLocation,
    'retry-after': headers.retryAfter,
    'preference-applied': headers.preferenceApplied,
  },
};
/** The answer when a task has ended within the call. */
export const ended = {
  description: 'The task has ended, with `status`.',
  schema: taskSchema,
  headers: { location: headers.taskLocation, 'preference-applied': headers.preferenceApplied },
};
