import { parseArgs } from 'node:util';
import { type Fault, faults } from './faults.ts';
import { runStorm } from './runStorm.ts';

// `npm run test:storm -- --tasks 1000 --seed 7`: every fault, one after the other, on one system. With several numbers,
// `--tasks 100,300,1000`, one system after the other, and a table of how the figures grow.
const { values } = parseArgs({
  options: {
    tasks: { type: 'string', default: '1000' },
    executors: { type: 'string', default: '4' },
    seed: { type: 'string' },
    faults: { type: 'string', default: Object.keys(faults).join(',') },
    after: { type: 'string', default: '60' },
    limit: { type: 'string', default: '120' },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
const chosen = values.faults.split(',').filter((name): name is Fault => name in faults);
const sizes = values.tasks.split(',').map(Number);
const rows: string[][] = [];
let wrong = 0;
for (const tasks of sizes) {
  console.log(`seed ${seed}, ${tasks} tasks on ${values.executors} executors`);
  const { lost, doubled, disagreeing, hung, passages, logged } = await runStorm({
    seed,
    tasks,
    executors: Number(values.executors),
    faults: chosen,
    afterSeconds: Number(values.after),
    limitMs: Number(values.limit) * 1_000,
    say: line => console.log(line),
  });
  const needless = passages.reduce((sum, passage) => sum + passage.needless, 0);
  console.log(
    `lost ${lost.length}, doubled ${doubled.length}, disagreeing ${disagreeing.length}, hung ${hung.length}, needless attempts ${needless}`,
  );
  for (const what of hung) console.log(`hung: ${what}`);
  for (const [message, count] of logged) console.log(`${count} times logged: ${message}`);
  wrong += lost.length + doubled.length + disagreeing.length + hung.length + needless;
  for (const { fault, allAgainMs, longestStallMs, natsCores } of passages)
    rows.push([
      fault,
      String(tasks),
      seconds(allAgainMs),
      seconds(longestStallMs),
      // Where it was not measured there is none.
      Number.isFinite(natsCores) ? natsCores.toFixed(3) : '-',
    ]);
}
// How each figure grows with the number of tasks.
if (sizes.length > 1) {
  const order = rows.toSorted(
    ([a = ''], [b = '']) => chosen.indexOf(a as Fault) - chosen.indexOf(b as Fault),
  );
  const head = ['fault', 'tasks', 'all report again', 'longest stall', 'nats-server, cores'];
  for (const row of [head, head.map(() => '---'), ...order]) console.log(`| ${row.join(' | ')} |`);
}
process.exit(wrong === 0 ? 0 : 1);

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
