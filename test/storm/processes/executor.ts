import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { runExecutorProcess } from '@longhaul/testkit';
import { stormContract } from './contract.ts';

const { STORM_END_FILE: endFile = '' } = process.env;

await runExecutorProcess(stormContract, {
  storm: {
    work: async ({ input, progress, signal }) => {
      for (let second = 0; !existsSync(endFile); second += 1) {
        progress({ second });
        await delay(1_000, undefined, { signal });
      }
      return { number: input.number };
    },
  },
});
