import type { Contract } from '@longhaul/proto';
import { listTasks, type TaskType } from '@longhaul/proto/wire';
import { z } from 'zod';

/** The task types of a contract with JSON Schemas, for generated forms and documentation. */
export function taskTypes(contract: Contract): Omit<TaskType, 'paused'>[] {
  return [...listTasks(contract)].map(
    ([name, { title, description, input, progress, output, errors, policy }]) => ({
      name,
      ...(title === undefined ? {} : { title }),
      ...(description === undefined ? {} : { description }),
      input: z.toJSONSchema(input, { io: 'input' }),
      progress: z.toJSONSchema(progress),
      output: z.toJSONSchema(output),
      timeoutMs: policy.timeoutMs,
      pausable: policy.pausable,
      errors: Object.fromEntries(
        Object.entries(errors).map(([code, schema]) => [code, z.toJSONSchema(schema)]),
      ),
    }),
  );
}
