import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, type Tasks } from '@longhaul/client';
import { createExecutor } from '@longhaul/executor';
import { createGateway } from '@longhaul/gateway';
import { createLogger } from '@longhaul/runtime';
import { type CountedServer, type Counters, startCountedServer } from './countedServer.ts';
import { countedContract, countedHandlers, type Kind, kinds, servedContract } from './kinds.ts';

/** What one task costs the nats-server: the average of the round in which it was least. */
export type MessagesPerTask = {
  readonly name: string;
  /** Messages that gateway and executor send to it. */
  readonly received: number;
  /** Messages that it sends to them. */
  readonly sent: number;
  /** Messages that it stores. */
  readonly stored: number;
  /** How long a task took on average, in milliseconds: what is said in the background meanwhile is known roughly. */
  readonly tookMs: number;
  /** The same by stream. */
  readonly storedIn: Readonly<Record<string, number>>;
};

/** How long nothing is done, to count what is said without any task. */
const idleMs = 3_000;
/** Tasks that are not counted: the first of a kind makes engines compile, consumers appear and buckets fill. */
const warmUp = 20;
/** PENDING records are written after a tenth of a second, so for so long more messages can come. */
const settleMs = 250;

/**
 * Runs tasks of every kind on one gateway and one executor, and counts what that costs a nats-server of its own, by the
 * server's own counters. What gateway and executor say without any task (pulls, clock) is counted as well, and subtracted
 * for as long as the tasks took.
 *
 * Counts are those of the round in which they were least. Where a machine has much else to do, a task that is usually
 * short lasts until its `started` and its PENDING record are written; a message that each task costs is in every round.
 *
 * @param count how many tasks of each kind a round has
 */
export async function countMessages(count: number, rounds: number): Promise<MessagesPerTask[]> {
  const folder = await mkdtemp(join(tmpdir(), 'longhaul-messages-'));
  const server = await startCountedServer(folder);
  try {
    const nats = { servers: server.url };
    const logger = createLogger('messages', 'error');
    await using gateway = await createGateway({ contract: countedContract, nats, port: 0, logger });
    await using _executor = await createExecutor({
      contract: servedContract,
      handlers: countedHandlers,
      nats,
      concurrency: 64,
      logger,
    });
    const tasks = createClient<typeof countedContract>({ url: gateway.url });
    for (const kind of kinds) await kind.run(tasks, warmUp);
    const before = await settled(server);
    await delay(idleMs);
    const idle = perMs(before, await server.read());
    const counted: MessagesPerTask[] = [];
    for (const kind of kinds) {
      const ofRounds: MessagesPerTask[] = [];
      for (let round = 0; round < rounds; round += 1)
        ofRounds.push(await countKind(server, kind, tasks, count, idle));
      const least = ofRounds.toSorted((a, b) => a.received + a.sent - b.received - b.sent)[0];
      if (least) counted.push(least);
    }
    return counted;
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

type Rate = { readonly received: number; readonly sent: number };

async function countKind(
  server: CountedServer,
  kind: Kind,
  tasks: Tasks<typeof countedContract>,
  count: number,
  idle: Rate,
): Promise<MessagesPerTask> {
  const before = await settled(server);
  await kind.run(tasks, count);
  const after = await settled(server);
  const elapsedMs = after.atMs - before.atMs;
  const storedIn = Object.fromEntries(
    Object.entries(after.stored)
      .map(([stream, stored]) => [stream, (stored - (before.stored[stream] ?? 0)) / count] as const)
      .filter(([, stored]) => stored > 0),
  );
  return {
    name: kind.name,
    received: (after.received - before.received - idle.received * elapsedMs) / count,
    sent: (after.sent - before.sent - idle.sent * elapsedMs) / count,
    stored: Object.values(storedIn).reduce((sum, stored) => sum + stored, 0),
    tookMs: elapsedMs / count,
    storedIn,
  };
}

/** Resolves when every event is folded and nothing more is written, with the counters of that time. */
async function settled(server: CountedServer): Promise<Counters> {
  for (let before = await server.read(); ; ) {
    await delay(settleMs);
    const now = await server.read();
    if (now.isIdle && JSON.stringify(now.stored) === JSON.stringify(before.stored)) return now;
    before = now;
  }
}

function perMs(before: Counters, after: Counters): Rate {
  const elapsedMs = after.atMs - before.atMs;
  return {
    received: (after.received - before.received) / elapsedMs,
    sent: (after.sent - before.sent) / elapsedMs,
  };
}
