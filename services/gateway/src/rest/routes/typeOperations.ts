import type { Contract } from '@longhaul/proto';
import { taskTypeSchema } from '@longhaul/proto/wire';
import { z } from 'zod';
import { taskTypes } from '../../tasks/read/taskTypes.ts';
import { type TaskService, unknownTask } from '../../tasks/taskService.ts';
import { type Operation, operation } from '../operation.ts';

const tag = 'Task types';
const jsonSchema = z.record(z.string(), z.unknown()).meta({ description: 'JSON Schema, draft 2020-12.' });

const typeSchema = z
  .object({
    name: taskTypeSchema,
    title: z.string().optional(),
    description: z.string().optional(),
    paused: z
      .boolean()
      .meta({ description: 'Whether the task type is paused: its tasks wait until it is resumed.' }),
    timeout_ms: z.int().meta({
      description:
        'The time limit of an attempt in milliseconds, unless the start overrides it; 0: no limit.',
    }),
    pausable: z.boolean().meta({ description: 'Whether a running task can be paused.' }),
    input: jsonSchema,
    progress: jsonSchema,
    output: jsonSchema,
    errors: z
      .record(z.string(), jsonSchema)
      .meta({ description: 'The data schemas of its declared errors.' }),
  })
  .meta({ title: 'TaskType', description: 'A task type.' });
const pauseSchema = z.object({ name: taskTypeSchema, paused: z.boolean() }).meta({ title: 'Pause' });

const oneType = {
  params: z.object({ name: taskTypeSchema.meta({ description: 'The task type.' }) }),
  notFound: ({ name = '' }: Readonly<Record<string, string>>) => unknownTask(name),
};

/** The operations on task types. */
export function typeOperations(contract: Contract, service: TaskService): Operation[] {
  const types = taskTypes(contract);
  const withPauses = async (names: readonly string[]) => {
    const paused = await service.pausedTypes(names);
    return types
      .filter(({ name }) => names.includes(name))
      .map(({ name, timeoutMs, ...type }) => ({
        name,
        paused: paused.has(name),
        timeout_ms: timeoutMs,
        ...type,
      }));
  };
  const setPaused = (verb: 'pause' | 'resume', summary: string) =>
    operation({
      id: `${verb}TaskType`,
      method: 'post',
      path: `/v1/task-types/{name}/${verb}`,
      tag,
      summary,
      description: 'For operators and administrators.',
      ...oneType,
      answers: { 200: { description: 'The new state of the task type.', schema: pauseSchema } },
      problems: ['UNKNOWN_TASK', 'FORBIDDEN'],
      handle: async ({ caller, params }) => ({
        status: 200,
        body: await service.setPaused(caller, params.name, verb === 'pause'),
      }),
    });

  return [
    operation({
      id: 'listTaskTypes',
      method: 'get',
      path: '/v1/task-types',
      tag,
      summary: 'List task types',
      answers: {
        200: {
          description: 'All task types, in the order of the contract.',
          schema: z.object({ task_types: z.array(typeSchema) }).meta({ title: 'TaskTypes' }),
        },
      },
      problems: [],
      handle: async () => ({
        status: 200,
        body: { task_types: await withPauses(types.map(({ name }) => name)) },
      }),
    }),
    operation({
      id: 'getTaskType',
      method: 'get',
      path: '/v1/task-types/{name}',
      tag,
      summary: 'Get a task type',
      ...oneType,
      answers: { 200: { description: 'The task type with its schemas.', schema: typeSchema } },
      problems: ['UNKNOWN_TASK'],
      handle: async ({ params }) => {
        const [type] = await withPauses([params.name]);
        if (!type) throw unknownTask(params.name);
        return { status: 200, body: type };
      },
    }),
    setPaused('pause', 'Pause a task type'),
    setPaused('resume', 'Resume a task type'),
  ];
}
