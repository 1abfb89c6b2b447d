import { defaultJsonBreadth, defaultMaxClockOffsetMs, natsOptionsOf, natsVariables } from '@longhaul/broker';
import type { Contract } from '@longhaul/proto';
import { defaultPayloadLimitBytes } from '@longhaul/proto/wire';
import { readEnvironment, runService } from '@longhaul/runtime';
import { z } from 'zod';
import { createExecutor } from './createExecutor.ts';
import type { ExecutorOptions } from './executorOptions.ts';
import { type HandlersOf, selectTasks } from './handler/handlers.ts';

const variables = z.object({
  ...natsVariables.shape,
  LONGHAUL_NAMESPACE: z.string().optional(),
  EXECUTOR_CONCURRENCY: z.coerce.number().int().min(1).default(4),
  EXECUTOR_DRAIN_MS: z.coerce.number().int().min(0).default(30_000),
  EXECUTOR_ON_CUT_OFF: z.enum(['abort', 'continue']).default('abort'),
  /** The tasks or branches that it serves: `audio,motion.alignFlat`. Default: all. */
  EXECUTOR_TASKS: z
    .string()
    .transform(list => list.split(',').map(name => name.trim()))
    .optional(),
  /** The port of its metrics. Default: it serves none. */
  METRICS_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  METRICS_HOST: z.string().optional(),
  LOG_LEVEL: z.string().default('info'),
  MAX_CLOCK_OFFSET_MS: z.coerce.number().min(0).default(defaultMaxClockOffsetMs),
  PAYLOAD_LIMIT_BYTES: z.coerce.number().int().default(defaultPayloadLimitBytes),
  JSON_VALUES: z.coerce.number().int().min(1).default(defaultJsonBreadth.values),
  JSON_KEYS: z.coerce.number().int().min(1).default(defaultJsonBreadth.keys),
});

/** What a program decides of an executor. Where NATS is, is for the environment. */
export type ExecutorSettings = Omit<
  ExecutorOptions<Contract>,
  'contract' | 'handlers' | 'nats' | 'namespace' | 'logger'
>;

/** What {@link runExecutor} takes beside the contract and its handlers. */
export type RunExecutorOptions = {
  /** Options of `createExecutor` that the environment has no variable for, or that are to win over it. */
  readonly settings?: ExecutorSettings;
};

/**
 * Runs an executor as this process, configured by environment variables (`NATS_URL`, `EXECUTOR_CONCURRENCY` and the others
 * that the README lists), until SIGINT or SIGTERM, and then drains it. Ends the process: with 1 when it cannot start.
 *
 * @param contract the contract; `EXECUTOR_TASKS` selects a part of it
 * @param handlers a handler for each of its tasks
 * @throws EnvironmentError that names each variable with a value that cannot be used
 *
 * @example
 * ```ts
 * import { runExecutor } from '@longhaul/executor/process';
 * import { contract } from './contract.ts';
 *
 * await runExecutor(contract, handlers);
 * ```
 */
export async function runExecutor<const C extends Contract>(
  contract: C,
  handlers: HandlersOf<NoInfer<C>>,
  options: RunExecutorOptions = {},
): Promise<void> {
  const env = readEnvironment(variables);
  await runService('executor', env.LOG_LEVEL, async logger => {
    const served = env.EXECUTOR_TASKS
      ? selectTasks(contract, handlers, env.EXECUTOR_TASKS)
      : { contract, handlers };
    const service = await createExecutor({
      contract: served.contract,
      handlers: served.handlers as HandlersOf<typeof served.contract>,
      nats: natsOptionsOf(env),
      concurrency: env.EXECUTOR_CONCURRENCY,
      drainMs: env.EXECUTOR_DRAIN_MS,
      onCutOff: env.EXECUTOR_ON_CUT_OFF,
      payloadLimitBytes: env.PAYLOAD_LIMIT_BYTES,
      maxClockOffsetMs: env.MAX_CLOCK_OFFSET_MS,
      jsonBreadth: { values: env.JSON_VALUES, keys: env.JSON_KEYS },
      logger,
      ...(env.METRICS_PORT === undefined
        ? {}
        : { metrics: { port: env.METRICS_PORT, ...(env.METRICS_HOST ? { host: env.METRICS_HOST } : {}) } }),
      ...(env.LONGHAUL_NAMESPACE === undefined ? {} : { namespace: env.LONGHAUL_NAMESPACE }),
      ...options.settings,
    });
    return { service, ready: { executor: service.id, metrics: service.metricsUrl } };
  });
}
