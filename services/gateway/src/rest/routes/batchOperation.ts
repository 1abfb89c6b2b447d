import type { TaskDefinition } from '@longhaul/proto';
import { startManyLimit, startOptionsSchema, strictOptions } from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import { z } from 'zod';
import { callerErrorOf } from '../../errors.ts';
import type { TaskService } from '../../tasks/taskService.ts';
import { type Operation, operation } from '../operation.ts';
import { problemOf, problemSchema } from '../problem.ts';
import { policyOf, restPolicySchema, restStartOptions, startOptionsOf } from '../startParameters.ts';
import { taskSchema } from '../taskPayload.ts';
import { checkedPayload } from './startOperations.ts';

const results = z
  .object({
    results: z.array(
      z.union([
        z.strictObject({ ok: z.literal(true), task: taskSchema }),
        z.strictObject({ ok: z.literal(false), problem: problemSchema }),
      ]),
    ),
  })
  .meta({ title: 'BatchResults', description: 'The result of each task, in the order of the request.' });

/** The operation that starts many tasks of one type. */
export function batchOperation(
  name: string,
  definition: TaskDefinition,
  service: TaskService,
  logger: Logger,
): Operation {
  const item = strictOptions({
    input: z.unknown().optional(),
    idempotency_key: startOptionsSchema.shape.idempotencyKey,
    ...restStartOptions,
    policy: restPolicySchema.optional(),
  });
  return operation({
    id: `startMany.${name}`,
    method: 'post',
    path: `/v1/tasks/${name}/batch`,
    tag: name,
    summary: `Start up to ${startManyLimit} tasks of ${name}`,
    description: 'Tasks are started independently: an error of one does not affect the others.',
    body: {
      schema: strictOptions({ tasks: z.array(item).max(startManyLimit) }),
      required: true,
    },
    bodyShape: 'tasks',
    answers: {
      200: { description: 'The result of each task, in the order of the request.', schema: results },
    },
    problems: [],
    handle: async ({ caller, body }) => {
      const tasks = body.tasks.map(({ input, idempotency_key, policy, ...options }) => ({
        name,
        definition,
        input,
        ...(idempotency_key === undefined ? {} : { idempotencyKey: idempotency_key }),
        ...startOptionsOf(options),
        ...policyOf(policy),
      }));
      const started = await service.startMany(caller, tasks);
      const items = await Promise.all(started.map(resultOf));
      return { status: 200, list: { name: 'results', items } };
    },
  });

  async function resultOf(
    started: Awaited<ReturnType<TaskService['startMany']>>[number],
    index: number,
  ): Promise<Record<string, unknown>> {
    if ('record' in started) return { ok: true, task: await checkedPayload(definition, started.record) };
    const { error } = started;
    return { ok: false, problem: problemOf(callerErrorOf(error, logger), error, ['tasks', index, 'input']) };
  }
}
