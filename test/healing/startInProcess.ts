import { createExecutor, sandboxed } from '@longhaul/executor';
import { createGateway } from '@longhaul/gateway';
import { defineContract, defineTask } from '@longhaul/proto';
import { pino } from 'pino';
import { z } from 'zod';

/**
 * Starts one service as its parent says, and tells how that failed. Then nothing is left to do: the process is to end by
 * itself, and ends only when nothing is open any more.
 */

const say = (failure: string) => process.send?.(failure, () => process.disconnect());

const asked = z
  .object({
    service: z.enum(['gateway', 'executor']),
    natsUrl: z.string(),
    namespace: z.string(),
    /** A port that is taken. */
    port: z.number().default(0),
    apiKeysFile: z.string().optional(),
    payloadLimitBytes: z.number().optional(),
    streamsPerOwner: z.number().optional(),
    /** Whether its handler is one in a thread. */
    sandbox: z.enum(['none', 'right', 'broken']).default('none'),
  })
  .parse(JSON.parse(process.env.CASE ?? '{}'));

const demo = defineTask({ input: z.object({}), output: z.object({}) });
const contract = defineContract({ demo });
const { natsUrl, namespace, port, apiKeysFile, payloadLimitBytes, streamsPerOwner } = asked;
const shared = {
  contract,
  nats: { servers: natsUrl },
  namespace,
  logger: pino({ level: 'silent' }),
  ...(payloadLimitBytes === undefined ? {} : { payloadLimitBytes }),
};
const module = asked.sandbox === 'broken' ? './noSuchHandler.ts' : './startInProcessHandler.ts';
const handler =
  asked.sandbox === 'none'
    ? () => ({})
    : sandboxed<typeof import('./startInProcessHandler.ts')>(new URL(module, import.meta.url));

try {
  if (asked.service === 'gateway')
    await createGateway({
      ...shared,
      port,
      ...(apiKeysFile === undefined ? {} : { apiKeysFile }),
      ...(streamsPerOwner === undefined ? {} : { protection: { streamsPerOwner } }),
    });
  else await createExecutor({ ...shared, handlers: { demo: handler }, metrics: { port } });
  say('it started');
} catch (error) {
  say(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
}
