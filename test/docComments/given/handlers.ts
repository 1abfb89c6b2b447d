import type { HandlersOf } from '@longhaul/executor';
import type { contract } from './contract.ts';

export const handlers: HandlersOf<typeof contract> = {
  audio: { transcribe: ({ input }) => ({ text: input.path }) },
  report: { build: ({ input }) => ({ path: input.month }) },
};
