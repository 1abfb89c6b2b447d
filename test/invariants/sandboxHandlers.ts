import { defineHandler } from '@longhaul/executor/sandbox';
import { sandboxContract } from './sandboxContract.ts';

const { block: blockTask, overrun: overrunTask, crash: crashTask } = sandboxContract.thread;

export const block = defineHandler(blockTask, ({ input, attempt, progress }) => {
  const startMs = performance.now();
  for (let passedMs = 0; passedMs < input.forMs; passedMs = performance.now() - startMs) {
    progress({ percent: (100 * passedMs) / input.forMs });
  }
  return { attempt };
});

export const overrun = defineHandler(overrunTask, ({ attempt }) => {
  if (attempt === 1) for (;;);
  return { attempt };
});

export const crash = defineHandler(crashTask, async ({ input, attempt, error }) => {
  if (input.by === 'declared') throw error('REFUSED', 'No.', { by: 'the thread' });
  if (attempt > 1) return { attempt };
  if (input.by === 'exit') process.exit(1);
  if (input.by === 'memory') {
    const kept: number[][] = [];
    for (;;) kept.push(new Array(10_000).fill(Math.random()));
  }
  setTimeout(() => {
    throw new Error('nobody catches this');
  });
  return new Promise<never>(() => {});
});
