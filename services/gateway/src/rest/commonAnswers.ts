import { z } from 'zod';
import type { AnswerHeader } from './operation.ts';
import { taskSchema } from './taskPayload.ts';

const seconds = z.string().regex(/^\d+$/);

/** Headers of answers, to be named in operations. */
export const headers = {
  location: { description: 'Its address.', schema: z.string().regex(/^\/v1\//), required: true },
  taskLocation: {
    description: 'The address of the task.',
    schema: z.string().regex(/^\/v1\/tasks\/[0-9a-f-]{36}$/),
    required: true,
  },
  retryAfter: {
    description: 'Seconds to wait before asking again.',
    schema: seconds,
    required: true,
  },
  retryAfterWhileActive: {
    description: 'While it has not ended: seconds to wait before asking again.',
    schema: seconds,
    required: false,
  },
  preferenceApplied: {
    description: 'What of `Prefer` was heeded (RFC 7240).',
    schema: z.string(),
    required: false,
  },
  etag: {
    description: 'Changes whenever the task does; for `If-None-Match`.',
    schema: z.string().regex(/^W\/"[^"]+"$/),
    required: true,
  },
} as const satisfies Record<string, AnswerHeader>;

/** That a task was accepted. */
export const accepted = {
  description: 'Accepted. Ask its address where it stands.',
  schema: taskSchema,
  headers: {
    location: headers.taskLocation,
    'retry-after': headers.retryAfter,
    'preference-applied': headers.preferenceApplied,
  },
};
/** That a task has ended within the call. */
export const ended = {
  description: 'It has ended: `status` says how.',
  schema: taskSchema,
  headers: { location: headers.taskLocation, 'preference-applied': headers.preferenceApplied },
};
