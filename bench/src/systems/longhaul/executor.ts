import { setTimeout as delay } from 'node:timers/promises';
import { createExecutor, type HandlersOf } from '@longhaul/executor';
import { runService } from '@longhaul/runtime';
import { endWithParent } from '../endWithParent.ts';
import { preciseNowMs } from '../preciseNow.ts';
import { type BenchContract, benchContract } from './contract.ts';

const handlers: HandlersOf<BenchContract> = {
  bench: {
    noop: () => ({ ok: true }),
    chatter: async ({ input, progress }) => {
      for (let sent = 0; sent < input.events; sent += 1) {
        progress({ sentAtMs: preciseNowMs() });
        // Progress is not awaited here: a turn of the timers lets what was said leave before the next replaces it.
        await delay(Math.max(1, input.everyMs));
      }
      return {};
    },
    survivor: async ({ attempt, signal }) => {
      if (attempt > 1) return { attempt };
      process.send?.({ begun: attempt });
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    },
  },
};

endWithParent();
await runService('bench executor', 'error', async logger => {
  const service = await createExecutor({
    contract: benchContract,
    handlers,
    nats: { servers: process.env.NATS_URL ?? '' },
    concurrency: Number(process.env.CONCURRENCY),
    logger,
  });
  return { service, ready: { executor: service.id } };
});
