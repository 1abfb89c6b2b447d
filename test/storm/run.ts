import { parseArgs } from 'node:util';
import { type Fault, faults } from './faults.ts';
import { runStorm } from './runStorm.ts';

// `npm run test:storm -- --tasks 1000 --seed 7`: every fault, one after the other, on one system.
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
console.log(`seed ${seed}, ${values.tasks} tasks on ${values.executors} executors`);
const { lost, doubled, disagreeing, hung, passages, logged } = await runStorm({
  seed,
  tasks: Number(values.tasks),
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
process.exit(lost.length + doubled.length + disagreeing.length + hung.length + needless === 0 ? 0 : 1);
