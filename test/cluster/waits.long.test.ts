import { startStack } from '@longhaul/testing';
import { type NatsCluster, scriptedContract, scriptedHandlers, startNatsCluster } from '@longhaul/testkit';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';

let cluster: NatsCluster;
beforeAll(async () => {
  cluster = await startNatsCluster();
}, 90_000);
afterAll(() => cluster[Symbol.asyncDispose]());

const logger = pino({ level: 'silent' });
/** The last idle check of a watcher: what is found by that one alone was neither received nor read. */
const lastCheckMs = 15_000;
const calls = 450;

it('a result or an event stream misses no end on a healthy cluster, whichever servers a task touches', async () => {
  await using stack = await startStack({
    natsUrl: cluster.url,
    contract: scriptedContract,
    handlers: scriptedHandlers,
    gateways: 0,
    executors: 0,
    gateway: { logger, replicas: 3 },
    executor: { logger },
  });
  // A gateway at each server, so that one is where the streams are led and the others are not.
  for (const { url } of cluster.servers) await stack.addGateway({ nats: { servers: url } });
  await stack.addExecutor({ nats: { servers: cluster.servers[1]?.url ?? '' } });

  const clients = stack.gateways.map(gateway => stack.tasksOf(gateway));
  const waits: number[] = [];
  const startAndWait = async (n: number) => {
    const tasks = clients[n % clients.length];
    const other = clients[(n + 1) % clients.length];
    const task = await tasks?.script.echo.start({ text: `${n}` });
    const handle = n % 2 === 0 ? task : other?.script.echo.handle(task?.id ?? '');
    const from = performance.now();
    if (n % 3 === 0) {
      const seen: string[] = [];
      for await (const { type } of handle?.events() ?? []) seen.push(type);
      expect(seen.at(-1)).toBe('completed');
    } else {
      expect(await handle?.result()).toEqual({ text: `${n}` });
    }
    waits.push(performance.now() - from);
  };
  const lanes = 6;
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      for (let n = lane; n < calls; n += lanes) await startAndWait(n);
    }),
  );
  expect(waits).toHaveLength(calls);
  expect(waits.filter(ms => ms > lastCheckMs - 2_000)).toEqual([]);
}, 180_000);
