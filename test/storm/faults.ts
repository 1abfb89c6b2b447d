import { setTimeout as delay } from 'node:timers/promises';
import type { SeededRandom } from '../chaos/seededRandom.ts';
import type { StormSystem } from './stormSystem.ts';

/** An executor that hears nothing for three seconds ends its handlers, whose tasks then need another attempt. */
const longestAwayMs = 600;

/** What happens to a system all of whose tasks run. */
export const faults = {
  /** nats-server dies and is started again on its files. */
  kill: (system, random) => restartNats(system, 'SIGKILL', random.whole(0, longestAwayMs)),
  /** The same, and it ends in good order. */
  term: (system, random) => restartNats(system, 'SIGTERM', random.whole(0, longestAwayMs)),
  /** The executors are replaced, one after the other. */
  deploy: system => system.roll(),
  /** nats-server dies while the executors are replaced. */
  both: async (system, random) => {
    await Promise.all([
      system.roll(),
      delay(random.whole(0, 3_000)).then(() =>
        restartNats(system, 'SIGKILL', random.whole(0, longestAwayMs)),
      ),
    ]);
  },
} satisfies Record<string, (system: StormSystem, random: SeededRandom) => Promise<void>>;

export type Fault = keyof typeof faults;

/** Whether a fault ends executors: only then tasks need another attempt. */
export const endsExecutors: Readonly<Record<Fault, boolean>> = {
  kill: false,
  term: false,
  deploy: true,
  both: true,
};

async function restartNats(
  system: StormSystem,
  signal: 'SIGKILL' | 'SIGTERM',
  awayMs: number,
): Promise<void> {
  const fromMs = performance.now();
  await system.nats.kill(signal);
  await delay(awayMs);
  await system.nats.restart();
  system.natsAwayMs = Math.round(performance.now() - fromMs);
}
