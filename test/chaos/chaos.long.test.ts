import { expect, it } from 'vitest';
import { runChaos } from './runChaos.ts';

// More seeds, and longer runs, are `pnpm test:chaos`. This one is to notice what breaks under the first fault already.
it('every invariant holds while executors, gateways and the nats-server are killed', {
  timeout: 240_000,
}, async () => {
  const lines: string[] = [];
  const { violations, report } = await runChaos({
    seed: 2,
    tasks: 150,
    seconds: 9,
    say: line => lines.push(line),
  });
  expect(violations, `${lines.join('\n')}\n${report}`).toEqual([]);
});
