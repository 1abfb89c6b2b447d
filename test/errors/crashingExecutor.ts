import { setTimeout as delay } from 'node:timers/promises';
import { createExecutor } from '@longhaul/executor';
import { runService } from '@longhaul/runtime';
import { crashContract } from './crashContract.ts';

const standing = Promise.withResolvers<void>();

/** An executor whose handlers end their process, for tests that start another. */
await runService('crashing executor', 'error', async logger => {
  const { NATS_URL = '', LONGHAUL_NAMESPACE = '' } = process.env;
  const service = await createExecutor({
    contract: crashContract,
    nats: { servers: NATS_URL },
    namespace: LONGHAUL_NAMESPACE,
    logger,
    handlers: {
      die: async ({ input, attempt }) => {
        process.send?.({ began: attempt });
        if (attempt > 2) return { attempt };
        if (input.how === 'exit') process.exit(3);
        if (input.how === 'rejection') void Promise.reject(new Error('nobody waits for this'));
        if (input.how === 'timer')
          setTimeout(() => {
            throw new Error('nobody catches this');
          });
        if (input.how === 'later') {
          await standing.promise;
          await delay(50);
          void delay(1).then(() => {
            throw new Error('nobody waits for this');
          });
        }
        return new Promise<never>(() => {});
      },
      standBy: ({ signal }) =>
        new Promise((_resolve, reject) => {
          standing.resolve();
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        }),
    },
  });
  return { service, ready: {} };
});
