import { defineContract, defineTask } from '@longhaul/proto';
import { z } from 'zod';

export const transcribe = defineTask({
  input: z.object({ path: z.string(), language: z.enum(['de', 'en']).default('en') }),
  progress: z.object({ percent: z.number() }),
  output: z.object({ text: z.string() }),
  errors: { NOT_FOUND: z.object({ path: z.string() }) },
});
export const build = defineTask({
  input: z.object({ month: z.string(), pages: z.array(z.string()).default([]) }),
  progress: z.object({ percent: z.number() }),
  output: z.object({ path: z.string() }),
});
export const contract = defineContract({ audio: { transcribe }, report: { build } });

const image = {
  input: z.object({ path: z.string(), width: z.number() }),
  progress: z.object({ percent: z.number() }),
  output: z.object({ path: z.string() }),
  sandbox: true,
} as const;
export const resize = defineTask(image);
export const crop = defineTask(image);
export const thumbnails = defineTask({
  input: z.object({ path: z.string() }),
  progress: z.object({ page: z.number() }),
  output: z.object({ files: z.array(z.string()) }),
});
