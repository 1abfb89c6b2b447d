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

/** The operations that end tasks: one, or all that fit. */
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
          .meta({ description: 'Why, for those who look at it later.' }),
        required: false,
      },
      answers: {
        200: cancelAnswer('It has ended: now, or (`already_ended`) before.'),
        202: cancelAnswer('Its handler has been told to end.'),
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
    summary: 'Cancel the tasks that fit',
    description: 'Newest first. Those that have ended are passed over; `{}` fits all.',
    body: { schema: strictOptions(shape), required: true },
    answers: {
      200: {
        description: 'How many tasks came to what.',
        schema: z
          .object({
            canceled: count.meta({ description: 'Canceled now: nobody ran them.' }),
            stopping: count.meta({ description: 'Their handlers have been told to end.' }),
            already_ended: count,
            failed: count.meta({ description: 'They could not be canceled. Call again.' }),
            more: z.boolean().meta({ description: 'There may be more that fit. Call again.' }),
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

/** The operations that hold a running task up, and let it go on. */
export function controlOperations(service: TaskService): Operation[] {
  return [
    controlOperation(service, 'pause', 'Pause a running task', 'It pauses at its next checkpoint.'),
    controlOperation(service, 'resume', 'Let a paused task go on', 'It goes on.'),
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
