import { defineContract, defineTask, restRoute } from '@longhaul/proto';
import { z } from 'zod';

export const contract = defineContract({
  reports: {
    build: defineTask({
      input: z.object({ customer: z.string(), month: z.iso.date() }),
      output: z.object({ pages: z.int() }),
      rest: [
        // The path gives `customer`, the body the rest: together they are the input.
        restRoute('POST /v1/customers/{customer}/reports'),
        // A route that takes something else: what it takes, and how that becomes the input.
        restRoute('POST /v1/years/{year}/actions/close', {
          shape: z.strictObject({ year: z.string().regex(/^\d{4}$/), for: z.string() }),
          toInput: accepted => ({ customer: accepted.for, month: `${accepted.year}-12-01` }),
        }),
      ],
    }),
  },
});
