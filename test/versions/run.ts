import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { report } from '../cluster/faults/figures.ts';
import { hasPreviousRelease, installPreviousRelease, previousRelease } from './previousRelease.ts';
import { runVersions } from './runVersions.ts';

// `npm run test:versions -- --seed 7 --seconds 60`: the previous release beside this one, each state for so many seconds.
// `--available` only says, by the exit code, whether this clone has the commit of that release.
const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seconds: { type: 'string', default: '6' },
    available: { type: 'boolean' },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
const seconds = Number(values.seconds);
/** Beside a start of a process and a take-over after a kill, nothing waits. */
const longestMs = { startMs: 10_000, shortMs: 20_000, limitedMs: 30_000, stallMs: 20_000 };

const isAvailable = await hasPreviousRelease();
if (values.available) process.exit(isAvailable ? 0 : 1);
if (!isAvailable)
  throw new Error(
    `This clone does not have the commit of version ${previousRelease.version} (${previousRelease.commit}). Fetch the whole history.`,
  );
console.log(`seed ${seed}, ${seconds} s for each state, version ${previousRelease.version} beside this one`);
const work = await mkdtemp(join(tmpdir(), 'longhaul-versions-'));
try {
  const project = await installPreviousRelease(work);
  console.log('the previous release is installed from its packages');
  const figures = await runVersions({ seed, seconds, project, say: line => console.log(line) });
  console.log(report(figures));
  const { lost, doubled, disagreeing, hung, refused, longest } = figures;
  const tooLong = [...longest].flatMap(([state, waits]) =>
    Object.entries(waits)
      .filter(([what, ms]) => ms > longestMs[what as keyof typeof longestMs])
      .map(([what, ms]) => `${state}: ${what} ${ms}`),
  );
  for (const line of tooLong) console.log(`too long: ${line}`);
  if ([lost, doubled, disagreeing, hung, refused, tooLong].some(list => list.length > 0))
    process.exitCode = 1;
} finally {
  await rm(work, { recursive: true, force: true });
}
