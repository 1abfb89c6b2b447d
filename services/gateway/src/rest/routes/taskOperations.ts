import type { TaskDefinition } from '@longhaul/proto';
import {
  isTerminal,
  listRequestSchema,
  outputUnfitMessage,
  strictOptions,
  type TaskRecord,
} from '@longhaul/proto/wire';
import { z } from 'zod';
import { anyRecord } from '../../tasks/read/typedViews.ts';
import type { TaskService } from '../../tasks/taskService.ts';
import { accepted, headers as answerHeaders, ended } from '../commonAnswers.ts';
import { type Operation, operation } from '../operation.ts';
import { NoResultError } from '../problem.ts';
import { matchesTag, preferenceApplied, readPrefer } from '../readRequest.ts';
import { idempotencyKey, keyOf, oneTask, prefer } from '../startParameters.ts';
import {
  etagOf,
  retryAfter,
  taskLine,
  taskLineSchema,
  taskPath,
  taskPayload,
  taskSchema,
} from '../taskPayload.ts';
import { checkedPayload } from './startOperations.ts';
import { cancelOperations } from './steerOperations.ts';

const tag = 'Tasks';
const resultProblems = ['PAYLOAD_EXPIRED', 'PAYLOAD_DAMAGED', 'PAYLOAD_TOO_LARGE'] as const;
const status = listRequestSchema.shape.status.meta({
  description: 'Only tasks with these statuses, separated by commas.',
});
const { name, since, until, owner, limit, cursor } = listRequestSchema.shape;

/** The operations on tasks of every type. */
export function taskOperations(
  service: TaskService,
  definitions: ReadonlyMap<string, TaskDefinition>,
): Operation[] {
  /** The payload of a task, validated by the contract if it has the task type (invariant 9, types-are-true). */
  const payloadOf = async (record: TaskRecord, withInput = false) => {
    const definition = definitions.get(record.name);
    return definition
      ? checkedPayload(definition, record, withInput ? 'checkInput' : 'inputWasChecked')
      : taskPayload(await anyRecord(undefined, record), withInput);
  };

  return [
    operation({
      id: 'listTasks',
      method: 'get',
      path: '/v1/tasks',
      tag,
      summary: 'List tasks, newest first',
      query: strictOptions({ status, name, since, until, owner, limit, cursor }),
      answers: {
        200: {
          description: 'One page.',
          schema: z
            .object({
              tasks: z.array(taskLineSchema),
              next_cursor: z.string().optional().meta({
                description: 'Present if more tasks may follow, also after a page that is not full.',
              }),
            })
            .meta({ title: 'TaskPage' }),
          headers: {
            link: {
              description: 'The next page, if there may be one (RFC 8288).',
              schema: z.string().regex(/^<\/v1\/tasks\?.+>; rel="next"$/),
              required: false,
            },
          },
        },
      },
      problems: ['INVALID_CURSOR'],
      handle: ({ caller, query, url }) => {
        const { tasks, nextCursor } = service.list(caller, query);
        const body = { tasks: tasks.map(taskLine) };
        if (nextCursor === undefined) return { status: 200, body };
        const next = new URL(url, 'http://gateway');
        next.searchParams.set('cursor', nextCursor);
        return {
          status: 200,
          headers: { link: `<${next.pathname}${next.search}>; rel="next"` },
          body: { ...body, next_cursor: nextCursor },
        };
      },
    }),

    operation({
      id: 'getTask',
      method: 'get',
      path: '/v1/tasks/{id}',
      tag,
      summary: 'Get a task',
      ...oneTask,
      query: strictOptions({
        include: z.enum(['input']).optional().meta({ description: 'Additional parts of the answer.' }),
      }),
      headers: z.object({
        'if-none-match': z.string().optional().meta({ description: 'The ETag of an earlier answer.' }),
      }),
      answers: {
        200: {
          description: 'The state of the task.',
          schema: taskSchema,
          headers: { etag: answerHeaders.etag, 'retry-after': answerHeaders.retryAfterWhileActive },
        },
        304: {
          description: 'The task has not changed since.',
          headers: { etag: answerHeaders.etag, 'retry-after': answerHeaders.retryAfterWhileActive },
        },
      },
      problems: ['TASK_NOT_FOUND', ...resultProblems],
      handle: async ({ caller, params, query, headers }) => {
        const withInput = query.include === 'input';
        const record = await service.getStored(caller, params.id);
        const etag = etagOf(record, withInput);
        const about = { etag, ...retryAfter(record) };
        if (matchesTag(headers['if-none-match'], etag)) return { status: 304, headers: about };
        const whole = await service.withPayloads(record, withInput);
        return { status: 200, headers: about, body: await payloadOf(whole, withInput) };
      },
    }),

    operation({
      id: 'getResult',
      method: 'get',
      path: '/v1/tasks/{id}/result',
      tag,
      summary: 'Get the result of a task',
      description: 'The output only; for an active task its state. `Prefer: wait=N` waits for the end.',
      ...oneTask,
      headers: z.object({ prefer }),
      answers: {
        200: {
          description: 'The output of the task.',
          schema: z.unknown(),
          headers: { 'preference-applied': answerHeaders.preferenceApplied },
        },
        202: {
          ...accepted,
          description: 'The task has not ended yet. Call again.',
        },
      },
      problems: ['TASK_NOT_FOUND', 'TASK_FAILED', 'TASK_CANCELED', 'OUTPUT_UNFIT', ...resultProblems],
      handle: async ({ caller, params, headers, left, stop }) => {
        const preferences = readPrefer(headers.prefer);
        const record =
          preferences.waitSeconds === undefined
            ? await service.withPayloads(await service.getStored(caller, params.id), false)
            : await service.result(caller, params.id, preferences.waitSeconds * 1_000, [left(), stop]);
        const body = await payloadOf(record);
        const applied = preferenceApplied(preferences);
        if (isTerminal(record.status)) return { status: 200, headers: applied, body: resultOf(record, body) };
        return {
          status: 202,
          headers: { location: taskPath(record.id), ...retryAfter(record), ...applied },
          body,
        };
      },
    }),

    operation({
      id: 'retryTask',
      method: 'post',
      path: '/v1/tasks/{id}/retry',
      tag,
      summary: 'Start an ended task again',
      description: 'As a new task with the same input, linked by `retry_of`.',
      ...oneTask,
      headers: z.object({ 'idempotency-key': idempotencyKey }),
      answers: { 200: ended, 202: accepted },
      problems: [
        'TASK_NOT_FOUND',
        'TASK_NOT_ENDED',
        'UNKNOWN_TASK',
        'INVALID_INPUT',
        'IDEMPOTENCY_CONFLICT',
        ...resultProblems,
      ],
      handle: async ({ caller, params, headers }) => {
        const { idempotencyKey: key } = keyOf(headers['idempotency-key']);
        const record = await service.retry(caller, params.id, key);
        return {
          status: isTerminal(record.status) ? 200 : 202,
          headers: { location: taskPath(record.id), ...retryAfter(record) },
          body: await payloadOf(record),
        };
      },
    }),

    ...cancelOperations(service),
  ];
}

/** The output of an ended task. @throws NoResultError if it has none */
function resultOf(
  { id, name, status, error, cancelReason }: TaskRecord,
  payload: Record<string, unknown>,
): unknown {
  const task = { task_id: id, task_status: status };
  if (status === 'COMPLETED') {
    if (Array.isArray(payload.unfit) && payload.unfit.includes('result'))
      throw new NoResultError('OUTPUT_UNFIT', outputUnfitMessage(id, name), task);
    return payload.result ?? null;
  }
  if (status === 'FAILED') {
    const why = error ? `: ${error.code}: ${error.message}` : '.';
    throw new NoResultError('TASK_FAILED', `Task ${id} has failed${why}`, { ...task, error: payload.error });
  }
  const reason = cancelReason === undefined ? {} : { cancel_reason: cancelReason };
  throw new NoResultError('TASK_CANCELED', `Task ${id} was canceled.`, { ...task, ...reason });
}
