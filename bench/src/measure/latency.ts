import { closedLoop, type LoopResult } from '../load/closedLoop.ts';
import { openLoop } from '../load/openLoop.ts';
import { percentile } from '../report/statistics.ts';
import { type Figure, inFlight, type Measurement, noopInput } from './measurement.ts';
import { openSystem, warmUpWithWorker } from './openSystem.ts';

/** Well below what either system can take on two cores, so that what is seen is delay and not a queue. */
const steadyPerSecond = 300;

/** From the call to the task's result at the caller. */
export const latency: Measurement = {
  name: 'latency',
  measure: async (kind, sizes, options) => {
    await using opened = await openSystem(kind, options);
    const { client } = opened;
    await warmUpWithWorker(opened, sizes.warmUp);
    const run = () => client.run('noop', noopInput);
    const startThenResult = async () => client.result('noop', await client.start('noop', noopInput));
    await closedLoop(Math.ceil(sizes.warmUp / 4), inFlight, startThenResult);

    const alone = await closedLoop(sizes.oneAtATime, 1, run);
    const aloneInTwo = await closedLoop(sizes.oneAtATime, 1, startThenResult);
    const steady = await openLoop(sizes.steadySeconds * steadyPerSecond, steadyPerSecond, run);
    const loaded = await closedLoop(sizes.atInFlight, inFlight, run);
    return [
      ...percentiles('run (start and wait in one call), one at a time', alone),
      ...percentiles('start, then result, one at a time', aloneInTwo),
      ...percentiles(`run, ${steadyPerSecond} a second`, steady),
      ...percentiles('run, 64 in flight', loaded),
      {
        name: 'run, 64 in flight: results',
        unit: '/s',
        value: (sizes.atInFlight * 1_000) / loaded.elapsedMs,
      },
    ];
  },
};

function percentiles(name: string, { latenciesMs }: LoopResult): Figure[] {
  return [50, 95, 99].map(p => ({
    name: `${name}: p${p}`,
    unit: 'ms',
    value: percentile(latenciesMs, p / 100),
  }));
}
