import { parseArgs } from 'node:util';
import { runChaos } from './runChaos.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string', default: '1' },
    tasks: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '60' },
    keep: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
  },
});
const first = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
const tasks = Number(values.tasks);
const seconds = Number(values.seconds);
const failed: number[] = [];
for (let seed = first; seed < first + Number(values.runs); seed += 1) {
  const say = (line: string) => {
    if (!values.quiet || line.startsWith('seed')) console.log(line);
  };
  const { violations, report } = await runChaos({ seed, tasks, seconds, keep: values.keep, say });
  if (violations.length === 0) {
    console.log(`seed ${seed}: every invariant holds`);
    continue;
  }
  failed.push(seed);
  console.log(`\nseed ${seed}: ${violations.length} violations\n${report}`);
  console.log(`\nagain: node test/chaos/run.ts --seed ${seed} --tasks ${tasks} --seconds ${seconds} --keep`);
}
if (failed.length > 0) console.log(`failed: seeds ${failed.join(', ')}`);
process.exit(failed.length > 0 ? 1 : 0);
