import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';
import { thrownValues } from './thrownValues.ts';

const what = z.enum(Object.keys(thrownValues) as [string, ...string[]]);
const definition = {
  input: z.object({ what, how: z.enum(['throw', 'reject', 'exec', 'progress', 'log']).default('throw') }),
  progress: z.unknown(),
  output: z.object({}),
  errors: { REFUSED: z.object({ by: z.string() }) },
};

/** Handlers that throw, reject with, report and log what nobody should. */
export const errorContract = defineContract({
  plain: { odd: defineTask(definition) },
  threaded: { odd: defineTask({ ...definition, sandbox: true }) },
});
