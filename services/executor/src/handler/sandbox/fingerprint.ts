import type { TaskDefinition } from '@longhaul/proto';
import { z } from 'zod';

/**
 * A definition as text, to be compared across threads: two that differ in names, schemas or policy have different
 * ones. Defaults do not count, since they may be made anew each time.
 */
export function fingerprint(definition: TaskDefinition): string {
  const { title, description, input, progress, output, errors, policy } = definition;
  return JSON.stringify({
    title,
    description,
    input: describe(input, 'input'),
    progress: describe(progress, 'output'),
    output: describe(output, 'output'),
    errors: Object.entries(errors).map(([code, schema]) => [code, describe(schema, 'output')]),
    policy,
  });
}

function describe(schema: z.ZodType, io: 'input' | 'output'): unknown {
  return z.toJSONSchema(schema, {
    io,
    override: ({ jsonSchema }) => {
      delete jsonSchema.default;
    },
  });
}
