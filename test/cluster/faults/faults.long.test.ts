import { expect, it } from 'vitest';
import { report } from './figures.ts';
import { runFaults } from './runFaults.ts';

// All faults, and longer runs, are `npm run test:cluster`. This one is to notice what breaks under the first already.
/**
 * The longest waits: an election takes 4 to 9 s, and as long again where two servers vote for themselves; a frozen server is
 * noticed after 4 to 6 s. A slow machine takes its time.
 */
const limits = { startMs: 25_000, shortMs: 40_000, limitedMs: 60_000, stallMs: 60_000 };

it('nothing is lost, doubled, refused or left open while one server of a cluster is killed, and then another is frozen', {
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
  const { accepted, longest, ...wrong } = figures;
  const said = `${lines.join('\n')}\n${report(figures)}`;
  expect(wrong, said).toEqual({ lost: [], doubled: [], disagreeing: [], hung: [], refused: [] });
  for (const waits of longest.values())
    for (const [what, ms] of Object.entries(waits))
      expect(ms, `${what}\n${said}`).toBeLessThan(limits[what as keyof typeof limits]);
  expect(accepted).toBeGreaterThan(50);
});
