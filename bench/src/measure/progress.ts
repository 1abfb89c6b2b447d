import { setTimeout as delay } from 'node:timers/promises';
import { closedLoop } from '../load/closedLoop.ts';
import { percentile } from '../report/statistics.ts';
import { preciseNowMs } from '../systems/preciseNow.ts';
import type { Measurement } from './measurement.ts';
import { openSystem, warmUpWithWorker } from './openSystem.ts';

const steadyTasks = 10;
const steadyEveryMs = 20;
const floodTasks = 32;
/** When nothing was heard for so long, everything has arrived: how much was lost to "latest wins" is not known. */
const quietMs = 200;

/** Progress from handlers to one watcher of all tasks: its delay at a steady rate, then how much gets through. */
export const progress: Measurement = {
  name: 'progress',
  measure: async (kind, sizes, options) => {
    await using opened = await openSystem(kind, options);
    const { client } = opened;
    await warmUpWithWorker(opened, sizes.warmUp);
    const delaysMs: number[] = [];
    let lastReceivedAtMs = 0;
    const close = await client.watchProgress(({ sentAtMs, receivedAtMs }) => {
      delaysMs.push(receivedAtMs - sentAtMs);
      lastReceivedAtMs = receivedAtMs;
    });
    const chatter = async (tasks: number, events: number, everyMs: number) => {
      delaysMs.length = 0;
      await closedLoop(tasks, tasks, () => client.run('chatter', { events, everyMs }));
      while (preciseNowMs() - lastReceivedAtMs < quietMs) await delay(quietMs / 4);
    };
    try {
      await chatter(floodTasks, 50, 0);
      await chatter(steadyTasks, (sizes.steadySeconds * 1_000) / steadyEveryMs, steadyEveryMs);
      const steadyDelaysMs = [...delaysMs];
      const startedAtMs = preciseNowMs();
      await chatter(floodTasks, sizes.progressEventsPerTask, 0);
      return [
        ...[50, 95, 99].map(p => ({
          name: `progress to a watcher, ${(steadyTasks * 1_000) / steadyEveryMs} a second: delay p${p}`,
          unit: 'ms' as const,
          value: percentile(steadyDelaysMs, p / 100),
        })),
        {
          name: 'progress events through one watcher',
          unit: '/s',
          value: (delaysMs.length * 1_000) / (lastReceivedAtMs - startedAtMs),
        },
      ];
    } finally {
      close();
    }
  },
};
