import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defaultJsonBreadth, natsOptionsOf, natsVariables } from '@longhaul/broker';
import { defaultPayloadLimitBytes, exposures } from '@longhaul/proto/wire';
import { readEnvironment, runService } from '@longhaul/runtime';
import { sampleContract } from '@longhaul/samples';
import { z } from 'zod';
import { authOptionsOf, authVariables } from './auth/authEnvironment.ts';
import { createGateway, defaultRetention } from './index.ts';
import { protectionOptionsOf, protectionVariables } from './protection/protectionEnvironment.ts';

const port = z.coerce.number().int().min(0).max(65_535);
/** Hours, at most a year; fractions are allowed. */
const hours = z.coerce
  .number()
  .positive()
  .max(365 * 24);
const hourMs = 60 * 60 * 1_000;

// Runs a gateway of the sample contract as a process, configured by environment variables.
const env = readEnvironment(
  z.object({
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
    CONSOLE_DIR: z.string().default(join(import.meta.dirname, '../../../packages/console/dist')),
    LOG_LINES_KEPT: z.coerce.number().int().optional(),
    PAYLOAD_LIMIT_BYTES: z.coerce.number().int().default(defaultPayloadLimitBytes),
    JSON_VALUES: z.coerce.number().int().min(1).default(defaultJsonBreadth.values),
    JSON_KEYS: z.coerce.number().int().min(1).default(defaultJsonBreadth.keys),
    TASK_RETENTION_COMPLETED_HOURS: hours.default(defaultRetention.completedMs / hourMs),
    TASK_RETENTION_FAILED_HOURS: hours.default(defaultRetention.failedMs / hourMs),
    TASK_RETENTION_CANCELED_HOURS: hours.default(defaultRetention.canceledMs / hourMs),
  }),
);

await runService('gateway', env.LOG_LEVEL, async logger => {
  const service = await createGateway({
    contract: sampleContract,
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
    ...(env.LOG_LINES_KEPT === undefined ? {} : { logLinesKept: env.LOG_LINES_KEPT }),
    jsonBreadth: { values: env.JSON_VALUES, keys: env.JSON_KEYS },
    retention: {
      completedMs: env.TASK_RETENTION_COMPLETED_HOURS * hourMs,
      failedMs: env.TASK_RETENTION_FAILED_HOURS * hourMs,
      canceledMs: env.TASK_RETENTION_CANCELED_HOURS * hourMs,
    },
    // Where the console is not built, only the API is served.
    ...(existsSync(join(env.CONSOLE_DIR, 'index.html')) ? { console: { directory: env.CONSOLE_DIR } } : {}),
    ...(env.LONGHAUL_NAMESPACE === undefined ? {} : { namespace: env.LONGHAUL_NAMESPACE }),
  });
  return { service, ready: { url: service.url } };
});
