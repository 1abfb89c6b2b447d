import { setTimeout as delay } from 'node:timers/promises';
import { runService } from '@longhaul/runtime';
import { type Job, Worker } from 'bullmq';
import { z } from 'zod';
import { endWithParent } from '../endWithParent.ts';
import { preciseNowMs } from '../preciseNow.ts';
import { queueName, redisConnection } from './queue.ts';

const chatterInput = z.object({ events: z.int(), everyMs: z.int() });

async function work(job: Job): Promise<unknown> {
  switch (job.name) {
    case 'noop':
      return { ok: true };
    case 'chatter': {
      const { events, everyMs } = chatterInput.parse(job.data);
      for (let sent = 0; sent < events; sent += 1) {
        await job.updateProgress({ sentAtMs: preciseNowMs() });
        if (everyMs > 0) await delay(everyMs);
      }
      return {};
    }
    case 'survivor':
      if (job.attemptsStarted > 1) return { attempt: job.attemptsStarted };
      process.send?.({ begun: job.attemptsStarted });
      return new Promise(() => {});
    default:
      throw new Error(`There is no handler for ${job.name}.`);
  }
}

endWithParent();
await runService('bench worker', 'error', async logger => {
  const lockMs = process.env.LOCK_MS;
  const worker = new Worker(queueName, work, {
    connection: redisConnection(),
    concurrency: Number(process.env.CONCURRENCY),
    ...(lockMs ? { lockDuration: Number(lockMs), stalledInterval: Number(lockMs) } : {}),
  });
  worker.on('error', err => logger.error({ err }, 'the worker has a fault'));
  await worker.waitUntilReady();
  return { service: { stop: () => worker.close() }, ready: {} };
});
