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
    paused: z.boolean().meta({ description: 'Whether its tasks wait until it is resumed.' }),
    timeout_ms: z
      .int()
      .meta({ description: 'How long an attempt may take, unless its start says otherwise; 0: any time.' }),
    pausable: z.boolean().meta({ description: 'Whether a running task can be paused.' }),
    input: jsonSchema,
    progress: jsonSchema,
    output: jsonSchema,
    errors: z
      .record(z.string(), jsonSchema)
      .meta({ description: 'Of the errors that it declares: their data.' }),
  })
  .meta({ title: 'TaskType', description: 'A kind of task.' });
const pauseSchema = z.object({ name: taskTypeSchema, paused: z.boolean() }).meta({ title: 'Pause' });

const oneType = {
  params: z.object({ name: taskTypeSchema.meta({ description: "The task's dotted name." }) }),
  notFound: ({ name = '' }: Readonly<Record<string, string>>) => unknownTask(name),
};

/** The operations on kinds of tasks. */
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
      answers: { 200: { description: 'How it is now.', schema: pauseSchema } },
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
      summary: 'The kinds of tasks',
      answers: {
        200: {
          description: 'All of them, in the order of the contract.',
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
      summary: 'One kind of task',
      ...oneType,
      answers: { 200: { description: 'What goes in and what comes out.', schema: typeSchema } },
      problems: ['UNKNOWN_TASK'],
      handle: async ({ params }) => {
        const [type] = await withPauses([params.name]);
        if (!type) throw unknownTask(params.name);
        return { status: 200, body: type };
      },
    }),
    setPaused('pause', 'Let tasks of this kind wait'),
    setPaused('resume', 'Let them start again'),
  ];
}
