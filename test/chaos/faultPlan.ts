import { type SeededRandom, seededRandom } from './seededRandom.ts';

export const targets = ['executor-1', 'executor-2', 'executor-3', 'gateway-1', 'gateway-2', 'nats'] as const;
export type Target = (typeof targets)[number];

/**
 * What is done to a process: `kill` is SIGKILL, `stop` SIGTERM, and after both it is started again `forMs` later;
 * `pause` is SIGSTOP, and SIGCONT `forMs` later.
 */
export type Fault = {
  readonly target: Target;
  readonly kind: 'kill' | 'stop' | 'pause';
  readonly atMs: number;
  readonly forMs: number;
};

/** The mean time between two faults of one process, from the end of the first. */
const calmMs: { readonly [role: string]: number } = { executor: 9_000, gateway: 10_000, nats: 18_000 };

/** Plans what happens to each process within `forMs` milliseconds, by the seed alone. */
export function planFaults(seed: number, forMs: number): Fault[] {
  return targets
    .flatMap(target => {
      const random = seededRandom(seed, `faults of ${target}`);
      const role = target.split('-')[0] ?? target;
      const meanMs = calmMs[role] ?? forMs;
      const faults: Fault[] = [];
      for (let atMs = random.whole(500, meanMs); ; ) {
        const fault = { target, atMs, ...faultOf(role, random) };
        if (fault.atMs + fault.forMs > forMs) break;
        faults.push(fault);
        atMs += fault.forMs + random.whole(1_000, 2 * meanMs);
      }
      return faults;
    })
    .sort((a, b) => a.atMs - b.atMs);
}

function faultOf(role: string, random: SeededRandom): Pick<Fault, 'kind' | 'forMs'> {
  const kind = random.weighted({ kill: 5, stop: 2, pause: 3 });
  // A pause is for some longer than `ack_wait` (3 s), or than the projection's `priority_timeout` (5 s).
  const pauseMs = { executor: [500, 4_500, 7_000], gateway: [500, 6_500], nats: [300, 2_000] }[role] ?? [500];
  if (kind === 'pause') return { kind, forMs: random.pick(pauseMs) + random.whole(0, 500) };
  return { kind, forMs: random.whole(0, random.pick([100, 1_500, 4_000])) };
}
