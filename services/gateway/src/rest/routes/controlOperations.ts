import { statusSchema, taskIdSchema } from '@longhaul/proto/wire';
import { z } from 'zod';
import type { TaskService } from '../../service.ts';
import { headers as answerHeaders } from '../commonAnswers.ts';
import { type Operation, operation } from '../operation.ts';
import { oneTask } from '../taskParams.ts';
import { taskPath } from '../taskPayload.ts';

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
