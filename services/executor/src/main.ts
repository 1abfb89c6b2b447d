import { defaultJsonBreadth, natsOptionsOf, natsVariables } from '@longhaul/broker';
import { defaultPayloadLimitBytes } from '@longhaul/proto/wire';
import { readEnvironment, runService } from '@longhaul/runtime';
import { sampleContract } from '@longhaul/samples';
import { sampleHandlers } from '@longhaul/samples/handlers';
import { z } from 'zod';
import { createExecutor, type HandlersOf, selectTasks } from './index.ts';

/** An executor of the sample contract as a process, configured by its environment. */
const env = readEnvironment(
  z.object({
    ...natsVariables.shape,
    LONGHAUL_NAMESPACE: z.string().optional(),
    EXECUTOR_CONCURRENCY: z.coerce.number().int().min(1).default(4),
    EXECUTOR_DRAIN_MS: z.coerce.number().int().min(0).default(30_000),
    /** The tasks or branches that it serves: `audio,motion.alignFlat`. Default: all. */
    EXECUTOR_TASKS: z
      .string()
      .transform(list => list.split(',').map(name => name.trim()))
      .optional(),
    /** The port of its metrics. Default: it serves none. */
    METRICS_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
    METRICS_HOST: z.string().optional(),
    LOG_LEVEL: z.string().default('info'),
    PAYLOAD_LIMIT_BYTES: z.coerce.number().int().default(defaultPayloadLimitBytes),
    JSON_VALUES: z.coerce.number().int().min(1).default(defaultJsonBreadth.values),
    JSON_KEYS: z.coerce.number().int().min(1).default(defaultJsonBreadth.keys),
  }),
);

await runService('executor', env.LOG_LEVEL, async logger => {
  const handlers = sampleHandlers(process.env);
  const served = env.EXECUTOR_TASKS
    ? selectTasks(sampleContract, handlers, env.EXECUTOR_TASKS)
    : { contract: sampleContract, handlers };
  const service = await createExecutor({
    contract: served.contract,
    handlers: served.handlers as HandlersOf<typeof served.contract>,
    nats: natsOptionsOf(env),
    concurrency: env.EXECUTOR_CONCURRENCY,
    drainMs: env.EXECUTOR_DRAIN_MS,
    payloadLimitBytes: env.PAYLOAD_LIMIT_BYTES,
    jsonBreadth: { values: env.JSON_VALUES, keys: env.JSON_KEYS },
    logger,
    ...(env.METRICS_PORT === undefined
      ? {}
      : { metrics: { port: env.METRICS_PORT, ...(env.METRICS_HOST ? { host: env.METRICS_HOST } : {}) } }),
    ...(env.LONGHAUL_NAMESPACE === undefined ? {} : { namespace: env.LONGHAUL_NAMESPACE }),
  });
  return { service, ready: { executor: service.id, metrics: service.metricsUrl } };
});
