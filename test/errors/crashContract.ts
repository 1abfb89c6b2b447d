import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

/** How a handler can end the process that it runs in. */
export const waysToEnd = ['exit', 'rejection', 'timer', 'later'] as const;

/** Tasks that end the process that they run in, in their first two attempts; and one that stands by. */
export const crashContract = defineContract({
  die: defineTask({
    input: z.object({ how: z.enum(waysToEnd) }),
    output: z.object({ attempt: z.int() }),
  }),
  standBy: defineTask({ input: z.object({}), output: z.object({}) }),
});
