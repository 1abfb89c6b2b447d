import { parseArgs } from 'node:util';
import { report } from './figures.ts';
import { runFaults } from './runFaults.ts';

// `npm run test:cluster -- --seed 7 --seconds 600`: every fault of the plan lasts about 20 s.
const { values } = parseArgs({
  options: { seed: { type: 'string' }, seconds: { type: 'string', default: '480' } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
const seconds = Number(values.seconds);
console.log(`seed ${seed}, ${seconds} s`);
const figures = await runFaults({ seed, seconds, say: line => console.log(line) });
console.log(report(figures));
const { lost, doubled, disagreeing, hung, refused } = figures;
const wrong = [lost, doubled, disagreeing, hung, refused].some(list => list.length > 0);
process.exit(wrong ? 1 : 0);
