import { setTimeout as delay } from 'node:timers/promises';
import { closedLoop } from '../load/closedLoop.ts';
import { type Figure, inFlight, type Measurement, noopInput } from './measurement.ts';
import { openSystem, warmUpWithWorker } from './openSystem.ts';
import { processorTimeUs } from './processorTime.ts';

/** How often the list is asked whether anything is still to do, once all is started. */
const askEveryMs = 20;

/**
 * How many tasks a second go all the way: from the first start until the API shows the last one as ended. Starts are
 * made at 64 in flight while a worker takes them.
 */
export const endToEnd: Measurement = {
  name: 'end-to-end',
  measure: async (kind, sizes, options) => {
    await using opened = await openSystem(kind, options);
    const { client, system } = opened;
    const worker = await warmUpWithWorker(opened, sizes.warmUp);
    const pids = { gateway: system.gateway.pid, worker: worker.pid, broker: system.brokerPid };
    const usedBefore = await processorTimes(pids);
    let lastId = '';
    const startedAt = performance.now();
    const { elapsedMs: startingMs } = await closedLoop(sizes.endToEnd, inFlight, async () => {
      lastId = await client.start('noop', noopInput);
    });
    while (await client.hasActive()) await delay(askEveryMs);
    const elapsedMs = performance.now() - startedAt;
    const usedAfter = await processorTimes(pids);
    await client.result('noop', lastId);
    return [
      {
        name: 'end to end: until the last of all tasks is done',
        unit: '/s',
        value: (sizes.endToEnd * 1_000) / elapsedMs,
      },
      {
        name: 'starts at 64 in flight while a worker drains',
        unit: '/s',
        value: (sizes.endToEnd * 1_000) / startingMs,
      },
      ...usedPerTask(usedBefore, usedAfter, sizes.endToEnd),
    ];
  },
};

type ProcessorTimes = readonly (readonly [process: string, us: number | undefined])[];

function processorTimes(pids: Readonly<Record<string, number>>): Promise<ProcessorTimes> {
  return Promise.all(
    Object.entries(pids).map(async ([process, pid]) => [process, await processorTimeUs(pid)] as const),
  );
}

function usedPerTask(before: ProcessorTimes, after: ProcessorTimes, tasks: number): Figure[] {
  return after.flatMap(([process, us], index) => {
    const usBefore = before[index]?.[1];
    if (us === undefined || usBefore === undefined) return [];
    return [
      {
        name: `processor time a task, end to end: ${process}`,
        unit: 'µs' as const,
        value: (us - usBefore) / tasks,
      },
    ];
  });
}
