import { setTimeout as delay } from 'node:timers/promises';
import type { Broker } from '@longhaul/broker';
import type { NatsCluster } from '@longhaul/testkit';
import type { JetStreamManager } from '@nats-io/jetstream';
import type { SeededRandom } from '../../chaos/seededRandom.ts';

/** Which server a fault is for: one of the three, or the leader of a stream at that time. */
export type Victim =
  | 'node 0'
  | 'node 1'
  | 'node 2'
  | 'leader of requests'
  | 'leader of events'
  | 'leader of records';
export type FaultKind = 'kill' | 'freeze' | 'slow' | 'roll';
export type Fault = { readonly kind: FaultKind; readonly victim: Victim };

const victims: readonly Victim[] = [
  'node 0',
  'node 1',
  'node 2',
  'leader of requests',
  'leader of events',
  'leader of records',
];
/** How long a server is away, or frozen: longer than an election of a new leader (4 to 9 s). */
const awayMs = 12_000;
/** A slow server: it works for a fifth of the time, as with a disk that takes 80 ms for each write. */
const slow = { stopMs: 80, goMs: 20, forMs: 6_000 };
/** Between two faults, once all replicas are current again. */
const restMs = 1_500;
const wholeWithinMs = 90_000;

/** Every kind for every victim, in an order that the seed decides. */
export function faultPlan(random: SeededRandom): Fault[] {
  const left = (['kill', 'freeze', 'slow', 'roll'] as const).flatMap(kind =>
    victims.map(victim => ({ kind, victim })),
  );
  const plan: Fault[] = [];
  while (left.length > 0) plan.push(...left.splice(random.whole(0, left.length - 1), 1));
  return plan;
}

/** Does one fault to one server, and returns when every replica is current again: so one server alone fails at a time. */
export async function injectFault(
  cluster: NatsCluster,
  broker: Broker,
  { kind, victim }: Fault,
): Promise<void> {
  const server = cluster.servers[await indexOf(broker, victim)];
  if (!server) throw new Error(`There is no ${victim}.`);
  const { pid } = server;
  if (kind === 'kill') {
    await server.kill();
    await delay(awayMs);
    await server.restart();
  } else if (kind === 'roll') {
    process.kill(pid, 'SIGUSR2');
    while (isAlive(pid)) await delay(50);
    await server.restart();
  } else {
    const { stopMs, goMs, forMs } = kind === 'slow' ? slow : { stopMs: awayMs, goMs: 0, forMs: 0 };
    const untilMs = performance.now() + forMs;
    do {
      process.kill(pid, 'SIGSTOP');
      try {
        await delay(stopMs);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
      await delay(goMs);
    } while (performance.now() < untilMs);
  }
  await untilWhole(broker);
  await delay(restMs);
}

async function indexOf({ jsm, topology }: Broker, victim: Victim): Promise<number> {
  const stream = {
    'leader of requests': topology.requestStream,
    'leader of events': topology.eventStream,
    'leader of records': topology.bucketStream,
  }[victim as string];
  if (stream === undefined) return Number(victim.slice(-1));
  const { cluster } = await answered(() => jsm.streams.info(stream));
  return Number(cluster?.leader?.slice(1) ?? 0);
}

/** Waits until every stream and consumer has a leader and replicas that are current. */
async function untilWhole({ jsm }: Broker): Promise<void> {
  const untilMs = performance.now() + wholeWithinMs;
  for (let why = ''; ; await delay(100)) {
    try {
      why = (await notCurrent(jsm)) ?? '';
      if (why === '') return;
    } catch (error) {
      why = String(error);
    }
    if (performance.now() > untilMs) throw new Error(`The cluster is not whole again: ${why}`);
  }
}

async function notCurrent(jsm: JetStreamManager): Promise<string | undefined> {
  for await (const { config, cluster } of jsm.streams.list()) {
    const replicas = cluster?.replicas ?? [];
    if (!cluster?.leader || replicas.some(({ current }) => !current)) return config.name;
    for await (const { name, cluster: placed } of jsm.consumers.list(config.name))
      if (!placed?.leader || (placed.replicas ?? []).some(({ current }) => !current))
        return `${config.name} > ${name}`;
  }
  return undefined;
}

async function answered<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries === 10) throw error;
      await delay(250);
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
