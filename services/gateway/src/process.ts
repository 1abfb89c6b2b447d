import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defaultJsonBreadth, defaultMaxClockOffsetMs, natsOptionsOf, natsVariables } from '@longhaul/broker';
import type { Contract } from '@longhaul/proto';
import { defaultPayloadLimitBytes, exposures, type Replicas } from '@longhaul/proto/wire';
import { readEnvironment, runService } from '@longhaul/runtime';
import { z } from 'zod';
import { authOptionsOf, authVariables } from './auth/authEnvironment.ts';
import { createGateway } from './createGateway.ts';
import type { GatewayOptions } from './gatewayOptions.ts';
import { protectionOptionsOf, protectionVariables } from './protection/protectionEnvironment.ts';
import { defaultRetention } from './records/retention.ts';

const port = z.coerce.number().int().min(0).max(65_535);
/** Hours, at most a year; fractions are allowed. */
const hours = z.coerce
  .number()
  .positive()
  .max(365 * 24);
const hourMs = 60 * 60 * 1_000;

const variables = z.object({
  ...natsVariables.shape,
  LONGHAUL_NAMESPACE: z.string().optional(),
  HOST: z.string().default('127.0.0.1'),
  PORT: port.default(8080),
  ...authVariables.shape,
  ...protectionVariables.shape,
  EXPOSE_STACK: z.enum(exposures).default('operators'),
  METRICS: z.enum(['loopback', 'operator', 'off']).default('loopback'),
  REQUEST_LOG: z.enum(['off', 'debug', 'info']).default('debug'),
  LOG_LEVEL: z.string().default('info'),
  CONSOLE_DIR: z.string().optional(),
  LOG_LINES_KEPT: z.coerce.number().int().optional(),
  NATS_REPLICAS: z
    .enum(['1', '3', '5'])
    .transform(count => Number(count) as Replicas)
    .optional(),
  NATS_PLACEMENT_TAGS: z
    .string()
    .transform(tags => tags.split(',').map(tag => tag.trim()))
    .optional(),
  MAX_CLOCK_OFFSET_MS: z.coerce.number().min(0).default(defaultMaxClockOffsetMs),
  PAYLOAD_LIMIT_BYTES: z.coerce.number().int().default(defaultPayloadLimitBytes),
  JSON_VALUES: z.coerce.number().int().min(1).default(defaultJsonBreadth.values),
  JSON_KEYS: z.coerce.number().int().min(1).default(defaultJsonBreadth.keys),
  TASK_RETENTION_COMPLETED_HOURS: hours.default(defaultRetention.completedMs / hourMs),
  TASK_RETENTION_FAILED_HOURS: hours.default(defaultRetention.failedMs / hourMs),
  TASK_RETENTION_CANCELED_HOURS: hours.default(defaultRetention.canceledMs / hourMs),
});

/** What a program decides of a gateway. Where it stands, and the address of NATS, are for the environment. */
export type GatewaySettings = Omit<
  GatewayOptions<Contract>,
  'contract' | 'nats' | 'namespace' | 'host' | 'port' | 'console' | 'logger'
>;

/** What {@link runGateway} takes beside the contract. */
export type RunGatewayOptions = {
  /** The folder of the built console, where `CONSOLE_DIR` names none. Default: no console. */
  readonly consoleDirectory?: string;
  /** Options of `createGateway` that the environment has no variable for, or that are to win over it. */
  readonly settings?: GatewaySettings;
};

/**
 * Runs a gateway as this process, configured by environment variables (`NATS_URL`, `PORT`, `API_KEYS_FILE` and the others
 * that the README lists), until SIGINT or SIGTERM. Ends the process: with 1 when it cannot start.
 *
 * @param contract the contract that executors and clients use
 * @throws EnvironmentError that names each variable with a value that cannot be used
 *
 * @example
 * ```ts
 * import { runGateway } from '@longhaul/gateway/process';
 * import { contract } from './contract.ts';
 *
 * await runGateway(contract);
 * ```
 */
export async function runGateway<const C extends Contract>(
  contract: C,
  options: RunGatewayOptions = {},
): Promise<void> {
  const env = readEnvironment(variables);
  const console = env.CONSOLE_DIR ?? options.consoleDirectory;
  await runService('gateway', env.LOG_LEVEL, async logger => {
    const service = await createGateway({
      contract,
      nats: natsOptionsOf(env),
      host: env.HOST,
      port: env.PORT,
      exposeStack: env.EXPOSE_STACK,
      metrics: env.METRICS,
      requestLog: env.REQUEST_LOG,
      logger,
      ...(await authOptionsOf(env)),
      protection: protectionOptionsOf(env),
      payloadLimitBytes: env.PAYLOAD_LIMIT_BYTES,
      maxClockOffsetMs: env.MAX_CLOCK_OFFSET_MS,
      ...(env.LOG_LINES_KEPT === undefined ? {} : { logLinesKept: env.LOG_LINES_KEPT }),
      ...(env.NATS_REPLICAS === undefined ? {} : { replicas: env.NATS_REPLICAS }),
      ...(env.NATS_PLACEMENT_TAGS === undefined ? {} : { placementTags: env.NATS_PLACEMENT_TAGS }),
      jsonBreadth: { values: env.JSON_VALUES, keys: env.JSON_KEYS },
      retention: {
        completedMs: env.TASK_RETENTION_COMPLETED_HOURS * hourMs,
        failedMs: env.TASK_RETENTION_FAILED_HOURS * hourMs,
        canceledMs: env.TASK_RETENTION_CANCELED_HOURS * hourMs,
      },
      // Where the console is not built, only the API is served.
      ...(console !== undefined && existsSync(join(console, 'index.html'))
        ? { console: { directory: console } }
        : {}),
      ...(env.LONGHAUL_NAMESPACE === undefined ? {} : { namespace: env.LONGHAUL_NAMESPACE }),
      ...options.settings,
    });
    return { service, ready: { url: service.url } };
  });
}
