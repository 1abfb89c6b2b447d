import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

export const contract = defineContract({
  fractal: {
    mandelbrot: defineTask({
      title: 'Count the points of the Mandelbrot set',
      input: z.object({ size: z.int().min(1).max(10_000), depth: z.int().min(1).default(500) }),
      progress: z.object({ percent: z.number() }),
      output: z.object({ inside: z.int() }),
      cancelGraceMs: 1_000,
      // An executor with a plain function for this task does not start.
      sandbox: true,
    }),
  },
});
