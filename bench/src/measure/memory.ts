import { setTimeout as delay } from 'node:timers/promises';
import { closedLoop } from '../load/closedLoop.ts';
import { inFlight, type Measurement, noopInput } from './measurement.ts';
import { openSystem, warmUpWithWorker } from './openSystem.ts';
import { residentMegabytes } from './residentMemory.ts';

const askEveryMs = 20;

/** How much memory the processes hold when many tasks have ended. */
export const memory: Measurement = {
  name: 'memory',
  // One run each: it takes longest and varies least.
  rounds: 1,
  measure: async (kind, sizes, options) => {
    await using opened = await openSystem(kind, options);
    const { system, client } = opened;
    const worker = await warmUpWithWorker(opened, sizes.warmUp);
    await closedLoop(sizes.memoryTasks, inFlight, () => client.start('noop', noopInput));
    while (await client.hasActive()) await delay(askEveryMs);
    const after = `after ${sizes.memoryTasks.toLocaleString('en')} finished tasks`;
    return [
      { name: `gateway, ${after}`, unit: 'MB', value: await residentMegabytes(system.gateway.pid) },
      { name: `worker, ${after}`, unit: 'MB', value: await residentMegabytes(worker.pid) },
      {
        name: `broker (nats-server, redis-server), ${after}`,
        unit: 'MB',
        value: await residentMegabytes(system.brokerPid),
      },
    ];
  },
};
