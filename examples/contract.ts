import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

export const contract = defineContract({
  images: {
    resize: defineTask({
      title: 'Resize images',
      input: z.object({ files: z.array(z.string()).min(1), width: z.int().min(1).default(800) }),
      progress: z.object({ percent: z.number(), description: z.string() }),
      output: z.object({ resized: z.array(z.string()) }),
      errors: { UNREADABLE: z.object({ file: z.string() }) },
      timeoutMs: 10 * 60_000,
    }),
  },
});
