import { type HandlersOf, sandboxed } from '@longhaul/executor';
import type { contract } from './mandelbrotContract.ts';

export const handlers: HandlersOf<typeof contract> = {
  fractal: {
    mandelbrot: sandboxed<typeof import('./mandelbrot.ts')>(new URL('./mandelbrot.ts', import.meta.url), {
      maxMemoryMb: 256,
    }),
  },
};
