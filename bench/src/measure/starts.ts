import { closedLoop } from '../load/closedLoop.ts';
import { inFlight, type Measurement, noopInput } from './measurement.ts';
import { openSystem } from './openSystem.ts';

/** How many starts a second the gateway acknowledges while nothing runs them. */
export const starts: Measurement = {
  name: 'starts',
  measure: async (kind, sizes, options) => {
    await using opened = await openSystem(kind, options);
    const start = () => opened.client.start('noop', noopInput);
    await closedLoop(sizes.warmUp, inFlight, start);
    const { elapsedMs } = await closedLoop(sizes.starts, inFlight, start);
    return [
      {
        name: 'starts at 64 in flight, no worker running',
        unit: '/s',
        value: (sizes.starts * 1_000) / elapsedMs,
      },
    ];
  },
};
