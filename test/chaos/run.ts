import { parseArgs } from 'node:util';
import { runChaos } from './runChaos.ts';
import { parseSeeds } from './seeds.ts';

// `npm run test:chaos -- --seeds 11-20`: one run for each seed, one after the other. Without seeds: one at random.
const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    tasks: { type: 'string', default: '150' },
    seconds: { type: 'string', default: '9' },
    keep: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
  },
});
const seeds = parseSeeds(values.seeds ?? values.seed ?? String(Math.floor(Math.random() * 1_000_000)));
const tasks = Number(values.tasks);
const seconds = Number(values.seconds);
const failed: number[] = [];
for (const seed of seeds) {
  const say = (line: string) => {
    if (!values.quiet) console.log(line);
  };
  const { violations, report } = await runChaos({ seed, tasks, seconds, keep: values.keep, say });
  if (violations.length === 0) {
    console.log(`seed ${seed}: every invariant holds`);
    continue;
  }
  failed.push(seed);
  console.log(`\nseed ${seed}: ${violations.length} violations\n${report}`);
  console.log(`\nagain: npm run test:chaos -- --seed ${seed} --tasks ${tasks} --seconds ${seconds} --keep`);
}
console.log(
  failed.length > 0
    ? `failed: ${failed.length} of ${seeds.length} seeds: ${failed.join(', ')}`
    : `${seeds.length} seeds hold`,
);
process.exit(failed.length > 0 ? 1 : 0);
