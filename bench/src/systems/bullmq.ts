import { startRedisServer } from './bullmq/redisServer.ts';
import { Cleanups } from './cleanups.ts';
import { forkService } from './forkService.ts';
import type { OpenOptions, System, SystemKind } from './system.ts';

/** The plain service: tRPC on Fastify over BullMQ, redis-server with an append-only file, worker processes. */
export const bullmq: SystemKind = { name: 'bullmq', title: 'tRPC + BullMQ', open };

async function open(options: OpenOptions): Promise<System> {
  const cleanups = new Cleanups();
  try {
    const redis = await startRedisServer(await cleanups.folder('longhaul-bench-redis-'));
    cleanups.add(redis.stop);
    const env = { REDIS_URL: redis.url };
    const fork = async (script: string, more: Record<string, string> = {}) => {
      const forked = await forkService(new URL(script, import.meta.url), { ...env, ...more }, options);
      cleanups.add(forked.service.stop);
      return forked;
    };
    const { service: gateway, ready } = await fork('./bullmq/service.ts');
    return {
      url: String(ready.url),
      gateway,
      brokerPid: redis.pid,
      startWorker: async ({ concurrency, lockMs }) =>
        (
          await fork('./bullmq/worker.ts', {
            CONCURRENCY: String(concurrency),
            LOCK_MS: lockMs === undefined ? '' : String(lockMs),
          })
        ).service,
      [Symbol.asyncDispose]: () => cleanups.run(),
    };
  } catch (error) {
    await cleanups.run();
    throw error;
  }
}
