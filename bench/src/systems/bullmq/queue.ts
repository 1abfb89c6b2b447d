import { Redis } from 'ioredis';

/** The one queue that the service and its workers share. */
export const queueName = 'bench';

/** A connection as BullMQ wants it: its blocking commands must not be given up on. */
export function redisConnection(): Redis {
  return new Redis(process.env.REDIS_URL ?? '', { maxRetriesPerRequest: null });
}
