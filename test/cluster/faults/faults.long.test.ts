import { expect, it } from 'vitest';
import { report } from './figures.ts';
import { runFaults } from './runFaults.ts';

// All faults, and longer runs, are `npm run test:cluster`. This one is to notice what breaks under the first already.
it('nothing is lost, doubled or refused while one server of a cluster is killed, and then another is frozen', {
  timeout: 240_000,
}, async () => {
  const lines: string[] = [];
  const figures = await runFaults({
    seed: 1,
    seconds: 60,
    faults: [
      { kind: 'kill', victim: 'leader of events' },
      { kind: 'freeze', victim: 'leader of requests' },
    ],
    say: line => lines.push(line),
  });
  const { accepted, longest: _measured, ...wrong } = figures;
  expect(wrong, `${lines.join('\n')}\n${report(figures)}`).toEqual({
    lost: [],
    doubled: [],
    disagreeing: [],
    hung: [],
    refused: [],
  });
  expect(accepted).toBeGreaterThan(50);
});
