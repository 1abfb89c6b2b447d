import type { Priority } from '@longhaul/proto/wire';
import type { ChaosContract } from './processes/contract.ts';
import { type SeededRandom, seededRandom } from './seededRandom.ts';

type NameOf<Branch extends keyof ChaosContract> = `${Branch}.${keyof ChaosContract[Branch] & string}`;
/** A task type of the contract. */
export type ChaosTask = NameOf<'script'> | NameOf<'thread'>;
export const owners = ['alice', 'bob'] as const;
export type Owner = (typeof owners)[number];

/** What is done with one task: decided by the seed alone, whatever happens meanwhile. */
export type PlannedTask = {
  readonly index: number;
  readonly atMs: number;
  readonly owner: Owner;
  readonly gateway: number;
  readonly name: ChaosTask;
  readonly input: Readonly<Record<string, unknown>>;
  readonly priority: Priority;
  /** The time limit of an attempt. Default: the definition's. */
  readonly timeoutMs: number | undefined;
  readonly delayMs: number | undefined;
  /** With a key a start whose answer was lost is repeated; without one it may leave a task that nobody knows. */
  readonly key: string | undefined;
  /** A second start with the same key through the other gateway, so long after the first is sent. */
  readonly repeatAfterMs: number | undefined;
  /** So long after it was accepted. */
  readonly cancelAfterMs: number | undefined;
  /** So long after it was accepted it is to pause, and to continue so much later. */
  readonly pause: { readonly afterMs: number; readonly forMs: number } | undefined;
  readonly isWatched: boolean;
  readonly isAwaited: boolean;
  /** Another owner tries to read, watch and cancel it. */
  readonly isIntrudedUpon: boolean;
};

/** Tasks of one of these keys run one at a time, across all executors. */
export const limitedKeys = ['lift', 'gate', 'crane', 'belt'] as const;

/** How long a handler that hangs in its thread is let. A later attempt has to be done in that time. */
const hangingMs = 2_500;

const weights = {
  echo: 26,
  large: 1,
  flaky: 5,
  family: 4,
  abandoned: 1,
  walk: 4,
  oneByOne: 6,
  quick: 14,
  slow: 9,
  hang: 11,
  fail: 9,
  ignoreSignal: 5,
  overrun: 5,
  transform: 4,
  lie: 3,
  block: 6,
  breakOnce: 5,
} as const;

/** Plans `count` tasks over `forMs` milliseconds. */
export function planTasks(seed: number, count: number, forMs: number): PlannedTask[] {
  const random = seededRandom(seed, 'tasks');
  return Array.from({ length: count }, (_, index) => planTask(random, seed, index, forMs)).sort(
    (a, b) => a.atMs - b.atMs,
  );
}

function planTask(random: SeededRandom, seed: number, index: number, forMs: number): PlannedTask {
  const kind = random.weighted(weights);
  const isHanging = kind === 'hang' || kind === 'abandoned';
  // Nobody could end a hanging task whose id got lost.
  const key = random.chance(0.5) || isHanging ? `key-${seed}-${index}` : undefined;
  const script = scriptOf(kind, random, index);
  return {
    index,
    atMs: random.whole(0, forMs),
    owner: random.pick(owners),
    gateway: random.whole(0, 1),
    ...script,
    priority: random.weighted({ high: 1, normal: 4, low: 1 }),
    timeoutMs: script.input.by === 'hanging' ? hangingMs : undefined,
    delayMs: random.chance(0.08) ? random.whole(300, 6_000) : undefined,
    key,
    repeatAfterMs:
      key !== undefined && random.chance(0.3) ? random.whole(0, random.pick([0, 20, 8_000])) : undefined,
    // In a thread a cancel often finds a handler that cannot hear it, and has to end the thread.
    cancelAfterMs: isHanging
      ? random.whole(0, 5_000)
      : random.chance(kind === 'block' || kind === 'breakOnce' ? 0.4 : 0.12)
        ? random.whole(0, random.pick([5, 200, 3_000]))
        : undefined,
    pause:
      kind === 'walk' && random.chance(0.6)
        ? { afterMs: random.whole(0, 600), forMs: random.whole(0, 4_000) }
        : undefined,
    isWatched: random.chance(0.12),
    isAwaited: random.chance(0.1),
    isIntrudedUpon: random.chance(0.03),
  };
}

function scriptOf(
  kind: keyof typeof weights,
  random: SeededRandom,
  index: number,
): { name: ChaosTask; input: Record<string, unknown> } {
  switch (kind) {
    case 'echo':
      return { name: 'script.echo', input: { text: `text ${index}` } };
    case 'large':
      // Too large for a message, so it goes through the object store, both ways.
      return { name: 'script.echo', input: { text: `${index} `.padEnd(300_000, 'large ') } };
    case 'flaky':
      return { name: 'script.flaky', input: { failures: random.whole(0, 2) } };
    case 'family':
      return { name: 'script.family', input: { echoes: random.whole(1, 3), hangs: 0 } };
    case 'abandoned':
      // Its hanging child ends only if the cancel of the parent reaches it.
      return { name: 'script.family', input: { echoes: 1, hangs: 1 } };
    case 'walk':
      return { name: 'script.walk', input: { steps: random.whole(2, 12), stepMs: 50 } };
    case 'oneByOne':
      return {
        name: 'script.oneByOne',
        input: { key: random.pick(limitedKeys), forMs: random.whole(0, 150) },
      };
    case 'quick':
      return { name: 'script.count', input: { steps: random.whole(0, 30), stepMs: random.whole(0, 20) } };
    case 'slow':
      return { name: 'script.count', input: { steps: random.whole(5, 20), stepMs: random.whole(100, 300) } };
    case 'fail':
      return { name: 'script.fail', input: { declared: random.chance(0.5) } };
    case 'ignoreSignal':
      return { name: 'script.ignoreSignal', input: { forMs: random.whole(50, 1_500) } };
    case 'transform':
      return { name: 'script.transform', input: { number: String(index) } };
    case 'block':
      return { name: 'thread.block', input: { forMs: random.whole(0, random.pick([50, 2_000])) } };
    case 'breakOnce':
      return { name: 'thread.breakOnce', input: { by: random.pick(['hanging', 'exiting', 'throwing']) } };
    default:
      return { name: `script.${kind}`, input: {} };
  }
}
