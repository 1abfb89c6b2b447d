import { z } from 'zod';
import { strictOptions } from '../contract/strictOptions.ts';
import { policyOverridesSchema } from '../contract/taskPolicy.ts';
import { instantSchema, prioritySchema, statusSchema, taskIdSchema, taskTypeSchema } from '../wire/names.ts';
import { statuses } from '../wire/status.ts';

/** The longest that one call may be asked to wait: proxies commonly end a silent request after a minute. */
export const waitLimitMs = 50_000;
/** The furthest that a start may be delayed. */
export const delayLimitMs = 365 * 24 * 60 * 60 * 1_000;
/** The most tasks that one page of a list holds. */
export const pageLimit = 200;
/** The most tasks that one `startMany` starts. */
export const startManyLimit = 1_000;
/** The most tasks that one `tasks.cancelMany` cancels. */
export const cancelManyLimit = 10_000;
/** The most tasks that one `tasks.watch` can name; to see more, watch everything. */
export const watchedIdsLimit = 200;

const waitMs = z.int().min(0).max(waitLimitMs).optional();

/** What may stand beside the input of a start. */
export const startOptionsSchema = strictOptions({
  /** The same key, owner and task name give the same task; with another input, a conflict. */
  idempotencyKey: z.string().min(1).max(256).optional(),
  /** Default: `normal`. */
  priority: prioritySchema.optional(),
  /** Fails with NOT_STARTED_IN_TIME when no executor has begun it so many milliseconds after it was to start. */
  startWithinMs: z.int().min(1).max(delayLimitMs).optional(),
  /** Instead of the definition's: attempts, backoff, time limits. */
  policy: policyOverridesSchema.optional(),
  /** Not to start before so many milliseconds have gone by. */
  delayMs: z.int().min(0).max(delayLimitMs).optional(),
});
/** Options of a start. Durations are milliseconds. */
export type StartOptions = z.input<typeof startOptionsSchema>;

/** What may stand beside the input of a task that a handler starts. */
export const childOptionsSchema = startOptionsSchema.omit({ idempotencyKey: true }).extend({
  /**
   * Names the child among its parent's children of that task: another attempt of the parent finds it by this name.
   * Default: the number of the call, counted for each task name from 1; for handlers that start in the same order each time.
   */
  key: z.string().min(1).max(256).optional(),
  /** The child continues when its parent ends. Default: false, so that it is canceled with its parent's end. */
  detached: z.boolean().optional(),
});
/** Options of a start by a handler: those of any start, with a `key` instead of the idempotency key. */
export type ChildTaskOptions = z.input<typeof childOptionsSchema>;

/** What `<task type>.start` takes: the options of a start, and the input, which the definition's schema checks. */
export const startRequestSchema = startOptionsSchema.extend({ input: z.unknown().optional() });
/** What `<task type>.startMany` takes. */
export const startManyRequestSchema = strictOptions({
  tasks: z.array(startRequestSchema).max(startManyLimit),
});
/** What `<task type>.run` takes: a start, and how long to wait. */
export const runRequestSchema = startRequestSchema.extend({
  /** How long to wait for the end, in milliseconds. Default: 10,000. */
  waitMs,
});
/** What a call about one task type takes. */
export const nameRequestSchema = strictOptions({ name: taskTypeSchema });
/** What a call about one task takes. */
export const idRequestSchema = strictOptions({ id: taskIdSchema });
/** What `<task type>.result` takes. */
export const resultRequestSchema = strictOptions({
  id: taskIdSchema,
  /** How long to wait for the end, in milliseconds. Default: 20,000. */
  waitMs,
});
/** What `<task type>.watch` takes. */
export const watchRequestSchema = strictOptions({
  id: taskIdSchema,
  /** The id of the last event seen; the stream resumes after it. Without: it begins with a snapshot. */
  lastEventId: z
    .string()
    .regex(/^\d{1,16}$/, 'An event id is a whole number.')
    .optional(),
});
/** What `tasks.cancel` takes. */
export const cancelCallSchema = strictOptions({ id: taskIdSchema, reason: z.string().max(1_000).optional() });

/** An ended task to start again, as a new one. */
export const retryCallSchema = strictOptions({
  id: taskIdSchema,
  /** The same key gives the same new task. Without one every call makes a new task. */
  idempotencyKey: startOptionsSchema.shape.idempotencyKey,
});

/** Which tasks: every part that is given must fit. */
const filterSchema = strictOptions({
  /** In one of these statuses. */
  status: z.array(statusSchema).max(statuses.length).optional(),
  /** Of this task type. */
  name: taskTypeSchema.optional(),
  /** Started by the handler of this task. */
  parentId: taskIdSchema.optional(),
  /** Accepted at or after. */
  since: instantSchema.optional(),
  /** Accepted before. */
  until: instantSchema.optional(),
  /** Only an operator or administrator may name another owner than themself. */
  owner: z.string().min(1).max(256).optional(),
  /** Found in the id, the name, the owner or the error's code, in whatever case. */
  text: z.string().min(1).max(200).optional(),
});

/** Which tasks to list, newest first. */
export const listRequestSchema = filterSchema.extend({
  /** How many at most, up to 200. Default: 50. */
  limit: z.int().min(1).max(pageLimit).default(50),
  /** Where the page before ended. */
  cursor: z.string().max(512).optional(),
});
/** What `tasks.list` takes: which tasks, and which page of them. */
export type ListRequest = z.input<typeof listRequestSchema>;

/** Which tasks to cancel, newest first. Those that have ended are passed over. */
export const cancelManyRequestSchema = filterSchema.extend({
  /** How many at most, up to 10,000. Default: 1,000. */
  limit: z.int().min(1).max(cancelManyLimit).default(1_000),
  /** Recorded in each of them; at most 1,000 characters. */
  reason: cancelCallSchema.shape.reason,
});
/** What `tasks.cancelMany` takes: which tasks, how many at most, and a reason. */
export type CancelManyRequest = z.input<typeof cancelManyRequestSchema>;

/** Which tasks to watch in one stream: these, or everything that the caller may see. */
export const watchManyRequestSchema = strictOptions({
  /** These tasks, at most 200. Default: everything that the caller may see. */
  ids: z.array(taskIdSchema).min(1).max(watchedIdsLimit).optional(),
  /** The id of the last event seen; the stream resumes after it. */
  lastEventId: watchRequestSchema.shape.lastEventId,
});
/** What `tasks.watch` takes: the ids of tasks, and where to resume. */
export type WatchManyRequest = z.input<typeof watchManyRequestSchema>;

/** A list's changes cannot be resumed; clients that send an event id start again. */
export const watchListRequestSchema = watchManyRequestSchema.pick({ lastEventId: true });
/** What `tasks.watchList` takes. */
export type WatchListRequest = z.input<typeof watchListRequestSchema>;
