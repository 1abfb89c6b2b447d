import { setTimeout as delay } from 'node:timers/promises';
import { type Fault, targets } from './faultPlan.ts';
import type { System } from './system.ts';

/** Does to each process what the plan says, one fault after another; resolves when all processes are well again. */
export async function injectFaults(
  system: System,
  faults: readonly Fault[],
  startMs: number,
  say: (line: string) => void,
): Promise<void> {
  await Promise.all(
    targets.map(async target => {
      for (const fault of faults) {
        if (fault.target !== target) continue;
        await delay(Math.max(0, startMs + fault.atMs - Date.now()));
        say(
          `${((Date.now() - startMs) / 1_000).toFixed(1)} s: ${fault.kind} ${target} for ${fault.forMs} ms`,
        );
        await inject(system, fault);
      }
    }),
  );
}

async function inject(system: System, { target, kind, forMs }: Fault): Promise<void> {
  if (target === 'nats') {
    await system.natsOutage(kind, forMs);
  } else if (kind === 'pause') {
    await system.pause(target, forMs);
  } else {
    await system.end(target, kind);
    await delay(forMs);
    await system.spawn(target);
  }
}
