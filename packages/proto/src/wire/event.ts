import { z } from 'zod';
import { transitions } from '../decide/status.ts';
import { childSchema } from './childLinks.ts';
import { failureSchema } from './failure.ts';
import { instantSchema } from './names.ts';
import { payloadRefSchema } from './payload.ts';
import { requestSchema } from './request.ts';
import type { LifecycleType } from './status.ts';
import { taskStateSchema } from './taskState.ts';

/**
 * The kinds of events, a token of their subjects: limits of the stream evict within one kind alone, so a chatty handler
 * cannot push out what decides over its task.
 */
export const eventKinds = ['life', 'progress', 'log'] as const;
/** The kind of an event: `life`, `progress` or `log`. */
export type EventKind = (typeof eventKinds)[number];
export const eventKindSchema = z.enum(eventKinds);

const attempt = z.int().min(1).meta({ description: 'Which start of the handler this belongs to, from 1.' });
const executor = z.string().min(1).meta({ description: 'The id of the executor that runs the attempt.' });

const base = {
  v: z.literal(2).meta({ description: 'The version of this message format.' }),
  owner: z.string().min(1),
  at: instantSchema,
  task: requestSchema.optional().meta({
    description:
      'The request, in the first event of a task: so the events alone are enough to rebuild the record.',
  }),
};
/** What every lifecycle event has. */
const life = { ...base, state: taskStateSchema };
/** Of progress and log events: so what eviction has dropped can be counted exactly. */
const ordinal = z
  .int()
  .min(1)
  .meta({ description: 'Which event of its kind this is over the whole task, from 1.' });
/** On events that can be an attempt's first, when its `started` was held back because the attempt was short. */
const startedAt = instantSchema
  .optional()
  .meta({ description: 'When the attempt began, where there is no `started` event.' });

export const startedEvent = z.object({ ...life, type: z.literal('started'), attempt, executor });
export const progressEvent = z.object({
  ...base,
  type: z.literal('progress'),
  attempt,
  ordinal,
  progress: z.unknown().optional(),
});
export const logEvent = z.object({
  ...base,
  type: z.literal('log'),
  attempt,
  ordinal,
  level: z.enum(['debug', 'info', 'warn', 'error']),
  message: z.string(),
  fields: z.record(z.string(), z.unknown()).optional(),
});
export const childEvent = z.object({
  ...life,
  type: z.literal('child'),
  attempt,
  executor,
  child: childSchema,
});
export const retryingEvent = z.object({
  ...life,
  type: z.literal('retrying'),
  attempt,
  executor,
  startedAt,
  error: failureSchema,
  nextAttemptAt: instantSchema,
});
export const releasedEvent = z.object({ ...life, type: z.literal('released'), attempt, executor });
const by = z.string().min(1).meta({ description: 'Who asked for it.' });
export const pausingEvent = z.object({ ...life, type: z.literal('pausing'), by });
export const pausedEvent = z.object({ ...life, type: z.literal('paused'), attempt, executor });
export const resumedEvent = z.object({ ...life, type: z.literal('resumed'), by });
export const stoppingEvent = z.object({
  ...life,
  type: z.literal('stopping'),
  reason: z.string().optional(),
});
export const completedEvent = z.object({
  ...life,
  type: z.literal('completed'),
  attempt,
  executor,
  startedAt,
  // JSON has no `undefined`: the output of a handler that returns none is not there.
  output: z.unknown().optional(),
  outputRef: payloadRefSchema
    .optional()
    .meta({ description: 'Instead of `output`, which is too large for a message: where it is stored.' }),
});
export const failedEvent = z.object({
  ...life,
  type: z.literal('failed'),
  // Neither is there of a task that failed before an executor began it.
  attempt: attempt.optional(),
  executor: executor.optional(),
  startedAt,
  error: failureSchema,
});
export const canceledEvent = z.object({
  ...life,
  type: z.literal('canceled'),
  reason: z.string().optional(),
  handlerStillRunning: z
    .literal(true)
    .optional()
    .meta({ description: 'The handler ignored its signal beyond the grace period.' }),
});

/** An event of a task: the payload on `tasks.event.<id>.<kind>.<type>`; its id is the stream sequence. */
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
  .superRefine((event, context) => {
    const problem = isLifecycle(event) ? stateProblem(event) : undefined;
    if (problem) context.addIssue({ code: 'custom', ...problem });
  })
  .meta({ title: 'TaskEvent', description: "A fact about a task, appended to the task's event log." });

/** A fact about a task, as it is appended to the event log: narrow it by `type`. */
export type TaskEvent = z.infer<typeof eventSchema>;
/** The type of an event: `started`, `progress`, `completed` and so on. */
export type EventType = TaskEvent['type'];
/** An event that can change what is decided about its task: its status, or (`child`) the children it has. */
export type LifecycleEvent = Extract<TaskEvent, { type: LifecycleType }>;

/** An event as the stream holds it: with its sequence, and the task of its subject. */
export type StoredEvent = {
  /** Its sequence in the stream, which is its id. */
  readonly seq: number;
  /** The task's id. */
  readonly id: string;
  /** The task type. */
  readonly name: string;
  /** What it says. */
  readonly event: TaskEvent;
};

/** The kind of an event, which its subject names. */
export function kindOfEvent(type: EventType): EventKind {
  return type === 'progress' || type === 'log' ? type : 'life';
}

/**
 * A carried state that cannot follow from its event is a fault of the writer. Believed, it could end a task for those
 * who decide while its record says that it runs.
 */
function stateProblem(event: LifecycleEvent): { path: string[]; message: string } | undefined {
  const { type, state } = event;
  if (!Object.values(transitions).some(moves => moves[type] === state.status))
    return { path: ['state', 'status'], message: `No task is ${state.status} after ${type}.` };
  if ('attempt' in event && event.attempt !== undefined && event.attempt !== state.attempt)
    return { path: ['state', 'attempt'], message: `It is not ${event.attempt}, the attempt of the event.` };
  return undefined;
}

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
