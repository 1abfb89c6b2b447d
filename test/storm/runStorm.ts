import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createBroker } from '@longhaul/broker';
import { createClient } from '@longhaul/client';
import { createTopology } from '@longhaul/proto/wire';
import { connect } from '@nats-io/transport-node';
import { seededRandom } from '../chaos/seededRandom.ts';
import { recordThatAllEnded } from './allEnded.ts';
import { endsExecutors, type Fault, faults } from './faults.ts';
import type { StormContract } from './processes/contract.ts';
import { ProgressFeed } from './progressFeed.ts';
import { namespace, StormSystem } from './stormSystem.ts';
import { judge, type Verdict } from './verdict.ts';

export type StormOptions = {
  readonly tasks: number;
  readonly executors: number;
  readonly faults: readonly Fault[];
  readonly seed: number;
  /** How long nats-server's processor time is measured after each fault, in seconds; 0: not at all. */
  readonly afterSeconds: number;
  /** How long anything may take before it counts as hung. */
  readonly limitMs: number;
  readonly say: (line: string) => void;
};

/** How the tasks came through one fault. */
export type Passage = {
  readonly fault: Fault;
  /** From the end of the fault until every task has reported progress again, in milliseconds. */
  readonly allAgainMs: number;
  /** The longest time in which a task reported no progress, in milliseconds. */
  readonly longestStallMs: number;
  /** nats-server's processor time from then on, in cores. */
  readonly natsCores: number;
  /** Attempts that were begun though their executors were well. */
  readonly needless: number;
  /** How long nats-server was away, its start included, in milliseconds. */
  readonly natsAwayMs: number;
};

export type StormResult = Verdict & {
  readonly passages: readonly Passage[];
  /** What took longer than the limit. */
  readonly hung: readonly string[];
  /** How often each warning and error was logged by the services. */
  readonly logged: ReadonlyMap<string, number>;
};

/** How many starts are under way at once. */
const startsAtOnce = 32;

/** Starts tasks that report progress once a second, has them live through faults, lets them end, and judges. */
export async function runStorm(options: StormOptions): Promise<StormResult> {
  const { tasks, say, limitMs } = options;
  const folder = await mkdtemp(join(tmpdir(), 'longhaul-storm-'));
  const random = seededRandom(options.seed, 'storm');
  try {
    await using system = await StormSystem.start(folder, options.executors, tasks);
    const nc = await connect({ servers: system.nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
    await using closing = new AsyncDisposableStack();
    closing.defer(() => nc.close());
    const broker = await createBroker(nc, createTopology(namespace));
    const feed = new ProgressFeed(broker);
    const ids = await startTasks(system.gatewayUrl, tasks);
    say(`${tasks} tasks are started; all run after ${await feed.allReport(ids, limitMs)} ms more`);
    const passages: Passage[] = [];
    const hung: string[] = [];
    try {
      for (const fault of options.faults) {
        const passage = await pass(fault, system, feed, ids, random, options);
        passages.push(passage);
        say(describe(passage));
      }
      system.endTasks();
      await recordThatAllEnded(broker, ids, limitMs);
    } catch (error) {
      hung.push(error instanceof Error ? error.message : String(error));
    }
    const verdict = await judge(broker, ids, system.handlerSpans());
    return { ...verdict, passages, hung, logged: await countLogged(system.outputFile) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function startTasks(url: string, tasks: number): Promise<Set<string>> {
  const client = createClient<StormContract>({ url });
  const ids = new Set<string>();
  let next = 0;
  const startSome = async () => {
    while (next < tasks) {
      next += 1;
      ids.add((await client.storm.work.start({ number: next })).id);
    }
  };
  await Promise.all(Array.from({ length: startsAtOnce }, startSome));
  return ids;
}

async function pass(
  fault: Fault,
  system: StormSystem,
  feed: ProgressFeed,
  ids: ReadonlySet<string>,
  random: ReturnType<typeof seededRandom>,
  { limitMs, afterSeconds }: StormOptions,
): Promise<Passage> {
  // At any point of the second in which each task reports.
  await delay(random.whole(0, 1_000));
  feed.takeLongestStallMs();
  system.natsAwayMs = 0;
  const begunBefore = system.handlerSpans().length;
  await faults[fault](system, random);
  const allAgainMs = await feed.allReport(ids, limitMs);
  const longestStallMs = feed.takeLongestStallMs();
  const usedBefore = system.natsProcessorSeconds();
  if (afterSeconds > 0) await delay(afterSeconds * 1_000);
  return {
    fault,
    natsAwayMs: system.natsAwayMs,
    allAgainMs,
    longestStallMs,
    natsCores: (system.natsProcessorSeconds() - usedBefore) / afterSeconds,
    needless: endsExecutors[fault] ? 0 : system.handlerSpans().length - begunBefore,
  };
}

function describe({ fault, natsAwayMs, allAgainMs, longestStallMs, natsCores, needless }: Passage): string {
  const cores = Number.isFinite(natsCores) ? `, nats-server ${natsCores.toFixed(2)} cores then` : '';
  return `${fault}: nats-server away for ${natsAwayMs} ms, all run again after ${allAgainMs} ms, longest stall ${longestStallMs} ms, ${needless} needless attempts${cores}`;
}

async function countLogged(file: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const line of (await readFile(file, 'utf8')).split('\n')) {
    const message = /"msg":"([^"]*)"/.exec(line)?.[1] ?? line.trim().slice(0, 200);
    if (message !== '') counts.set(message, (counts.get(message) ?? 0) + 1);
  }
  return counts;
}
