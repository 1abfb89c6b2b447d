import {
  type AnyTaskRecord,
  failureSchema,
  isTerminal,
  prioritySchema,
  statusSchema,
  type TaskRecord,
  type TaskSummary,
  taskIdSchema,
  taskTypeSchema,
} from '@longhaul/proto/wire';
import { z } from 'zod';
import { percentOf } from '../records/taskSummary.ts';
import { snakeKeys } from './snakeCase.ts';
import { restPolicySchema } from './startParameters.ts';

const instant = z.iso.datetime();
const percent = z.number().min(0).max(100);
const head = {
  task_id: taskIdSchema,
  name: taskTypeSchema,
  owner: z.string(),
  status: statusSchema,
  priority: prioritySchema,
  progress_percent: percent.optional().meta({
    description: "The `percent` of the task's progress, where it has one; 100 once it is COMPLETED.",
  }),
  created_at: instant,
  scheduled_for: instant.optional().meta({ description: 'The task does not start before this time.' }),
  started_at: instant.optional().meta({ description: 'When its first attempt began.' }),
  completed_at: instant.optional().meta({ description: 'When it ended, with any status.' }),
  attempt: z.int().min(0).meta({ description: 'The current or last attempt; 0 before the first.' }),
};

const attempt = z.object({
  number: z.int().min(1),
  executor: z.string(),
  started_at: instant,
  ended_at: instant.optional(),
  error: failureSchema.optional(),
  seq: z.int().min(1),
});

const taskLink = z.object({
  id: taskIdSchema,
  name: taskTypeSchema,
  detached: z.literal(true).optional().meta({ description: "The parent's end does not cancel the child." }),
});

/** The state of a task, which most operations on one task answer. */
export const taskSchema = z
  .object({
    ...head,
    attempts: z.array(attempt).meta({ description: 'The latest attempts, oldest first.' }),
    failures: z.int().min(0).meta({ description: 'How many attempts have failed.' }),
    losses: z.int().min(0).meta({ description: 'How many attempts were lost with their executor.' }),
    next_attempt_at: instant.optional().meta({ description: 'While it is RETRYING.' }),
    start_by: instant.optional(),
    idempotency_key: z.string().optional(),
    retry_of: taskIdSchema.optional().meta({ description: 'The ended task that this one tries again.' }),
    schedule_id: z.string().optional().meta({ description: 'The schedule that started it.' }),
    policy: restPolicySchema.optional(),
    parent: taskLink.optional().meta({ description: 'The task whose handler started it.' }),
    children: z.array(taskLink).optional().meta({ description: 'The first tasks that its handler started.' }),
    child_count: z.int().min(1).optional().meta({
      description: 'How many tasks its handler started, including those that `children` omits.',
    }),
    pause: z.object({ by: z.string(), at: instant }).optional().meta({
      description:
        'A pause was requested: it pauses at its checkpoints until it is resumed. By whom, and when.',
    }),
    concurrency_keys: z
      .array(z.string())
      .optional()
      .meta({ description: 'The keys of its concurrency limits.' }),
    input: z.unknown().optional().meta({ description: 'Only where `include=input` asks for it.' }),
    progress: z.unknown().optional(),
    result: z.unknown().optional().meta({ description: 'Once it is COMPLETED: its output.' }),
    error: failureSchema.optional().meta({ description: 'Once it is FAILED, or while it is RETRYING.' }),
    cancel_reason: z.string().optional(),
    handler_still_running: z.literal(true).optional(),
    omitted: z.array(z.string()).optional().meta({ description: 'Parts that are no longer kept.' }),
    unfit: z
      .array(z.enum(['input', 'progress', 'result', 'error']))
      .min(1)
      .optional()
      .meta({
        description:
          'Parts that were written under another version of the contract and do not fit this one: left out, or of `error` replaced by a HANDLER_ERROR that quotes it.',
      }),
    seq: z.int().min(0).meta({ description: 'The id of the last event in it.' }),
  })
  .meta({ title: 'Task', description: 'The state of a task.' });

/** A task in a list. */
export const taskLineSchema = z
  .object({
    ...head,
    error_code: z.string().optional(),
    parent_id: taskIdSchema.optional().meta({ description: 'The task whose handler started it.' }),
  })
  .meta({ title: 'TaskLine', description: 'A task in a list.' });

/** Makes the REST form of a task, without the fields of the stored record that are internal. */
export function taskPayload(record: AnyTaskRecord, withInput = false): Record<string, unknown> {
  const { id, name, status, finishedAt, output, input, unfit, ...rest } = record;
  const { outputRef: _out, inputRef: _in, ...shown } = rest;
  const done = status === 'COMPLETED' ? 100 : percentOf(record);
  return {
    task_id: id,
    name,
    status,
    ...(done === undefined ? {} : { progress_percent: done }),
    ...(snakeKeys(shown) as Record<string, unknown>),
    ...(finishedAt === undefined ? {} : { completed_at: finishedAt }),
    ...(withInput && input !== undefined ? { input } : {}),
    ...(output === undefined ? {} : { result: output }),
    ...(unfit === undefined ? {} : { unfit: unfit.map(part => (part === 'output' ? 'result' : part)) }),
  };
}

export function taskLine({ id, percent: done, finishedAt, ...rest }: TaskSummary): Record<string, unknown> {
  const shown = rest.status === 'COMPLETED' ? 100 : done;
  return {
    task_id: id,
    ...(snakeKeys(rest) as Record<string, unknown>),
    ...(shown === undefined ? {} : { progress_percent: shown }),
    ...(finishedAt === undefined ? {} : { completed_at: finishedAt }),
  };
}

/** The highest `Retry-After` of an active task. */
const maxRetryAfterSeconds = 30;

/**
 * After how many seconds to read an active task again: a tenth of its age, so often for a young task and rarely for a long
 * one, and not before it can have started.
 */
export function retryAfterSeconds(
  {
    status,
    createdAt,
    scheduledFor,
    nextAttemptAt,
  }: Pick<TaskRecord, 'status' | 'createdAt' | 'scheduledFor' | 'nextAttemptAt'>,
  nowMs: number,
): number | undefined {
  if (isTerminal(status)) return undefined;
  const waitsFor = status === 'SCHEDULED' ? scheduledFor : status === 'RETRYING' ? nextAttemptAt : undefined;
  const ageSeconds = (nowMs - Date.parse(scheduledFor ?? createdAt)) / 1_000;
  const seconds =
    waitsFor === undefined ? ageSeconds / 10 : Math.ceil((Date.parse(waitsFor) - nowMs) / 1_000);
  return Math.min(maxRetryAfterSeconds, Math.max(1, Math.floor(seconds)));
}

/** The header `Retry-After` of an active task: a bounded hint, so the clock of this machine will do. */
export function retryAfter(record: Parameters<typeof retryAfterSeconds>[0]): Record<string, string> {
  const seconds = retryAfterSeconds(record, Date.now());
  return seconds === undefined ? {} : { 'retry-after': String(seconds) };
}

/** The URL path of a task. Without a host, so that it is correct behind a proxy too. */
export const taskPath = (id: string): string => `/v1/tasks/${id}`;

/** The entity tag of a task: the last event of its record, and the status, which can also change by time. */
export function etagOf({ seq, status }: Pick<TaskRecord, 'seq' | 'status'>, withInput: boolean): string {
  return `W/"${seq}-${status}${withInput ? '-input' : ''}"`;
}
