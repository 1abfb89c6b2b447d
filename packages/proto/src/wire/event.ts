import { z } from 'zod';
import { failureSchema } from './failure.ts';
import { childSchema } from './family.ts';
import { instantSchema } from './names.ts';
import { payloadRefSchema } from './payload.ts';
import { requestSchema } from './request.ts';

const attempt = z.int().min(1).meta({ description: 'Which start of the handler this belongs to, from 1.' });
const executor = z.string().min(1).meta({ description: 'The id of the executor that runs the attempt.' });

const base = {
  v: z.literal(1).meta({ description: 'The version of this message format.' }),
  owner: z.string().min(1),
  at: instantSchema,
  task: requestSchema.optional().meta({
    description: 'The request, in the first event of a task: so the events alone tell the whole story.',
  }),
};
/** On events that can be an attempt's first, when its `started` was held back because the attempt was short. */
const startedAt = instantSchema
  .optional()
  .meta({ description: 'When the attempt began, where no started event says so.' });

export const startedEvent = z.object({ ...base, type: z.literal('started'), attempt, executor });
export const progressEvent = z.object({
  ...base,
  type: z.literal('progress'),
  attempt,
  progress: z.unknown().optional(),
});
export const logEvent = z.object({
  ...base,
  type: z.literal('log'),
  attempt,
  level: z.enum(['debug', 'info', 'warn', 'error']),
  message: z.string(),
  fields: z.record(z.string(), z.unknown()).optional(),
});
export const childEvent = z.object({
  ...base,
  type: z.literal('child'),
  attempt,
  executor,
  child: childSchema,
});
export const retryingEvent = z.object({
  ...base,
  type: z.literal('retrying'),
  attempt,
  executor,
  startedAt,
  error: failureSchema,
  nextAttemptAt: instantSchema,
});
export const releasedEvent = z.object({ ...base, type: z.literal('released'), attempt, executor });
const by = z.string().min(1).meta({ description: 'Who asked for it.' });
export const pausingEvent = z.object({ ...base, type: z.literal('pausing'), by });
export const pausedEvent = z.object({ ...base, type: z.literal('paused'), attempt, executor });
export const resumedEvent = z.object({ ...base, type: z.literal('resumed'), by });
export const stoppingEvent = z.object({
  ...base,
  type: z.literal('stopping'),
  reason: z.string().optional(),
});
export const completedEvent = z.object({
  ...base,
  type: z.literal('completed'),
  attempt,
  executor,
  startedAt,
  // JSON has no `undefined`: the output of a handler that returns none is not there.
  output: z.unknown().optional(),
  outputRef: payloadRefSchema
    .optional()
    .meta({ description: 'Instead of `output`: where it lies, too large for a message.' }),
});
export const failedEvent = z.object({
  ...base,
  type: z.literal('failed'),
  // Neither is there of a task that failed before an executor began it.
  attempt: attempt.optional(),
  executor: executor.optional(),
  startedAt,
  error: failureSchema,
});
export const canceledEvent = z.object({
  ...base,
  type: z.literal('canceled'),
  reason: z.string().optional(),
  handlerStillRunning: z
    .literal(true)
    .optional()
    .meta({ description: 'The handler ignored its signal beyond the grace period.' }),
});

/** An event of a task: the payload on `tasks.event.<id>.<name>`; its id is the stream sequence. */
export const eventSchema = z
  .discriminatedUnion('type', [
    startedEvent,
    progressEvent,
    logEvent,
    childEvent,
    retryingEvent,
    releasedEvent,
    pausingEvent,
    pausedEvent,
    resumedEvent,
    stoppingEvent,
    completedEvent,
    failedEvent,
    canceledEvent,
  ])
  .meta({ title: 'TaskEvent', description: 'A fact about a task, appended to its chain.' });

export type TaskEvent = z.infer<typeof eventSchema>;
export type EventType = TaskEvent['type'];
/** The events that decide over a task: they move its status, or (`child`) say what must outlive an attempt. */
export type LifecycleEvent = Exclude<TaskEvent, { type: 'progress' | 'log' }>;
export type LifecycleType = LifecycleEvent['type'];

/** An event as the stream holds it: with its place, and the task that its subject names. */
export type StoredEvent = {
  readonly seq: number;
  readonly id: string;
  readonly name: string;
  readonly event: TaskEvent;
};

/** Tells lifecycle events from progress and log. */
export function isLifecycle(event: TaskEvent): event is LifecycleEvent {
  return event.type !== 'progress' && event.type !== 'log';
}

/** Tells the three events that end a task. */
export function isTerminalEvent(
  event: TaskEvent,
): event is Extract<TaskEvent, { type: 'completed' | 'failed' | 'canceled' }> {
  return event.type === 'completed' || event.type === 'failed' || event.type === 'canceled';
}
