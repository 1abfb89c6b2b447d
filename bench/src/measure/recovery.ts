import type { SystemKind } from '../systems/system.ts';
import type { Figure, Measurement } from './measurement.ts';
import { openSystem } from './openSystem.ts';

/** The lock time of a BullMQ worker that is tuned for recovery: as long as Longhaul's own by default. */
const tunedLockMs = 3_000;

/** From `kill -9` of the worker that runs a task until that task's result, given by another worker. */
async function recoveryOf(kind: SystemKind, lockMs?: number): Promise<number> {
  await using opened = await openSystem(kind, {});
  const { system, client } = opened;
  const options = { concurrency: 4, ...(lockMs === undefined ? {} : { lockMs }) };
  const doomed = await system.startWorker(options);
  const begun = doomed.next('begun');
  const id = await client.start('survivor', {});
  await begun;
  await system.startWorker(options);
  const killedAt = performance.now();
  await doomed.kill();
  await client.result('survivor', id);
  return (performance.now() - killedAt) / 1_000;
}

export const recovery: Measurement = {
  name: 'recovery',
  measure: async kind => {
    const figures: Figure[] = [
      { name: 'recovery after kill -9 of the worker, defaults', unit: 's', value: await recoveryOf(kind) },
    ];
    // Longhaul has nothing to tune here: it stands beside the tuned BullMQ as it is.
    figures.push({
      name: `recovery, BullMQ tuned to a lock of ${tunedLockMs / 1_000} s`,
      unit: 's',
      value: await recoveryOf(kind, tunedLockMs),
    });
    return figures;
  },
};
