import { runService } from '@longhaul/runtime';
import { type FastifyTRPCPluginOptions, fastifyTRPCPlugin } from '@trpc/server/adapters/fastify';
import { Queue, QueueEvents } from 'bullmq';
import { fastify } from 'fastify';
import { endWithParent } from '../endWithParent.ts';
import { queueName, redisConnection } from './queue.ts';
import { createServiceRouter, type ServiceRouter } from './router.ts';

endWithParent();
await runService('bench service', 'error', async logger => {
  const queue = new Queue(queueName, { connection: redisConnection() });
  const events = new QueueEvents(queueName, { connection: redisConnection() });
  // Each call that waits for a job listens on both.
  events.setMaxListeners(0);
  queue.setMaxListeners(0);
  queue.on('error', err => logger.error({ err }, 'the queue has a fault'));
  events.on('error', err => logger.error({ err }, 'the queue events have a fault'));
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);

  const server = fastify({ routerOptions: { maxParamLength: 5_000 } });
  await server.register(fastifyTRPCPlugin, {
    prefix: '/trpc',
    trpcOptions: {
      router: createServiceRouter(queue, events),
    } satisfies FastifyTRPCPluginOptions<ServiceRouter>['trpcOptions'],
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const stop = async () => {
    server.server.closeAllConnections();
    await server.close();
    await Promise.all([queue.close(), events.close()]);
  };
  return { service: { stop }, ready: { url } };
});
