import { setTimeout as delay } from 'node:timers/promises';
import { createExecutor, type Executor, type HandlersOf } from '@longhaul/executor';
import { demoContract } from './demoContract.ts';

const handlers: HandlersOf<typeof demoContract> = {
  demo: {
    count: async ({ input, signal, progress, log, error }) => {
      let sum = 0;
      for (let i = 1; i <= input.to; i += 1) {
        signal.throwIfAborted();
        if (i === 13) throw error('UNLUCKY', '13 is not counted here.', { number: i });
        sum += i;
        if (input.stepMs === 0) continue;
        progress({ percent: Math.round((i * 100) / input.to) });
        if (i === 2) log.info('two numbers are counted', { sum });
        await delay(input.stepMs, undefined, { signal });
      }
      return { sum };
    },
    repeat: ({ input }) => ({ text: input.text.repeat(input.times) }),
  },
};

/** Longhaul's own executor for the demo contract. */
export function createDemoExecutor(url: string, namespace: string, id: string): Promise<Executor> {
  return createExecutor({ contract: demoContract, handlers, nats: { servers: url }, namespace, id });
}
