import { defineHandler } from '@longhaul/executor/sandbox';
import { contract } from './contract.ts';

export const threaded = defineHandler(contract.walk.threaded, async ({ input, checkpoint, progress }) => {
  let steps = 0;
  for (; steps < input.steps; steps += 1) {
    await checkpoint();
    progress({ percent: (100 * steps) / input.steps });
    const endMs = performance.now() + 10;
    while (performance.now() < endMs);
  }
  return { steps };
});
