import {
  cancelCallSchema,
  cancelManyRequestSchema,
  isTerminal,
  statusSchema,
  strictOptions,
  taskIdSchema,
} from '@longhaul/proto/wire';
import { z } from 'zod';
import type { TaskService } from '../../tasks/taskService.ts';
import { headers as answerHeaders } from '../commonAnswers.ts';
import { type Operation, operation } from '../operation.ts';
import { oneTask } from '../startParameters.ts';
import { taskPath } from '../taskPayload.ts';

const tag = 'Tasks';
const cancellation = z
  .object({ task_id: taskIdSchema, status: statusSchema, already_ended: z.boolean() })
  .meta({ title: 'Cancellation' });

function cancelAnswer(description: string) {
  return {
    description,
    schema: cancellation,
    headers: { location: answerHeaders.taskLocation },
  };
}

/** The operations that cancel tasks: one task, or all that match. */
export function cancelOperations(service: TaskService): Operation[] {
  return [
    operation({
      id: 'cancelTask',
      method: 'post',
      path: '/v1/tasks/{id}/cancel',
      tag,
      summary: 'Cancel a task',
      ...oneTask,
      body: {
        schema: strictOptions({ reason: cancelCallSchema.shape.reason })
          .optional()
          .meta({ description: 'The reason, for the record of the task.' }),
        required: false,
      },
      answers: {
        200: cancelAnswer('It has ended: now, or (`already_ended`) before.'),
        202: cancelAnswer('Its handler was told to end.'),
      },
      problems: ['TASK_NOT_FOUND'],
      handle: async ({ caller, params, body }) => {
        const outcome = await service.cancel(caller, params.id, body?.reason);
        return {
          status: isTerminal(outcome.status) ? 200 : 202,
          headers: { location: taskPath(outcome.id) },
          body: { task_id: outcome.id, status: outcome.status, already_ended: outcome.alreadyEnded },
        };
      },
    }),
    cancelMany(service),
  ];
}

function cancelMany(service: TaskService): Operation {
  const count = z.int().min(0);
  const { shape } = cancelManyRequestSchema;
  return operation({
    id: 'cancelTasks',
    method: 'post',
    path: '/v1/cancellations',
    tag,
    summary: 'Cancel matching tasks',
    description: 'Newest first. Ended tasks are skipped; `{}` matches all.',
    body: { schema: strictOptions(shape), required: true },
    answers: {
      200: {
        description: 'How many tasks had which outcome.',
        schema: z
          .object({
            canceled: count.meta({ description: 'Canceled; no executor was running them.' }),
            stopping: count.meta({ description: 'Their handlers were told to end.' }),
            already_ended: count,
            failed: count.meta({ description: 'They could not be canceled. Call again.' }),
            more: z.boolean().meta({ description: 'More tasks may match. Call again.' }),
          })
          .meta({ title: 'Cancellations' }),
      },
    },
    problems: [],
    handle: async ({ caller, body, left }) => {
      const { alreadyEnded, ...counts } = await service.cancelMany(caller, body, left());
      return { status: 200, body: { ...counts, already_ended: alreadyEnded } };
    },
  });
}

const control = z.object({ task_id: taskIdSchema, status: statusSchema }).meta({ title: 'Control' });

/** The operations that pause and resume a running task. */
export function controlOperations(service: TaskService): Operation[] {
  return [
    controlOperation(service, 'pause', 'Pause a running task', 'It pauses at its next checkpoint.'),
    controlOperation(service, 'resume', 'Resume a paused task', 'It continues.'),
  ];
}

function controlOperation(
  service: TaskService,
  what: 'pause' | 'resume',
  summary: string,
  description: string,
): Operation {
  return operation({
    id: `${what}Task`,
    method: 'post',
    path: `/v1/tasks/{id}/${what}`,
    tag: 'Tasks',
    summary,
    description: 'For tasks whose handlers have checkpoints: `pausable` in their type.',
    ...oneTask,
    answers: {
      202: {
        description,
        schema: control,
        headers: { location: answerHeaders.taskLocation },
      },
    },
    problems: ['TASK_NOT_FOUND', 'TASK_NOT_RUNNING', 'NOT_PAUSABLE'],
    handle: async ({ caller, params }) => {
      const { id, status } = await service.control(caller, params.id, what);
      return { status: 202, headers: { location: taskPath(id) }, body: { task_id: id, status } };
    },
  });
}
