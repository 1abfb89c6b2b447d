import { expect, it } from 'vitest';
import { type Fault, faults } from './faults.ts';
import { runStorm } from './runStorm.ts';

/** As many as need some seconds on any machine; `npm run test:storm` has thousands, and measures. */
const tasks = 120;
const limitMs = 120_000;

it('all running tasks run on after restarts of nats-server, of the executors, and of both at once', {
  timeout: 600_000,
}, async () => {
  const lines: string[] = [];
  const { lost, doubled, disagreeing, hung, passages, logged } = await runStorm({
    tasks,
    executors: 3,
    faults: Object.keys(faults) as Fault[],
    seed: 15,
    afterSeconds: 0,
    limitMs,
    say: line => lines.push(line),
  });
  const report = [...lines, ...[...logged].map(([message, count]) => `${count} times: ${message}`)].join(
    '\n',
  );
  expect({ lost, doubled, disagreeing, hung }, report).toEqual({
    lost: [],
    doubled: [],
    disagreeing: [],
    hung: [],
  });
  expect(
    passages.map(({ fault }) => fault),
    report,
  ).toEqual(Object.keys(faults));
  // No executor was lost where only nats-server was restarted, so no task has begun again; unless a starved machine took
  // so long to start it that executors had to let their tasks go (three seconds without an answer).
  expect(
    passages.filter(({ natsAwayMs, needless }) => natsAwayMs < 1_500 && needless > 0),
    report,
  ).toEqual([]);
});
