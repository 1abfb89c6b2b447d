import { type Command, readCommand, UsageError } from './commandLine.ts';
import { circumstances } from './report/circumstances.ts';
import { writeBetweenMarkers } from './report/readme.ts';
import { resultTable, type Sample } from './report/table.ts';
import { RedisMissingError, redisVersion } from './systems/bullmq/redisServer.ts';
import { cleanUpAll } from './systems/cleanups.ts';

/**
 * Measures both systems in turns (A B A B …), each time on fresh processes and data, so that what else the machine
 * does meets both alike. Prints the table of medians.
 */
async function run({ measurements, systems, sizes, write, profileDir }: Command): Promise<void> {
  if (systems.some(({ name }) => name === 'bullmq')) await redisVersion();
  const conditions = await circumstances();
  const samples: Sample[] = [];
  for (const { name, measure, rounds = sizes.rounds } of measurements) {
    for (let round = 1; round <= rounds; round += 1) {
      for (const kind of systems) {
        const figures = await measure(kind, sizes, profileDir === undefined ? {} : { profileDir });
        samples.push(...figures.map(figure => ({ system: kind.name, figure })));
        const shown = figures.map(({ name: what, value, unit }) => `  ${what}: ${value.toFixed(2)} ${unit}`);
        process.stderr.write(`${name}, round ${round} of ${rounds}, ${kind.title}\n${shown.join('\n')}\n`);
      }
    }
  }
  const result = `${resultTable(samples)}\n\n${conditions}`;
  process.stdout.write(`\n${result}\n`);
  if (write) await writeBetweenMarkers(new URL('../README.md', import.meta.url), result);
}

/** How a shell says that a signal ended a program. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;
let ending: Promise<void> | undefined;
for (const [signal, code] of Object.entries(exitCodes))
  process.once(signal, () => {
    ending ??= cleanUpAll().finally(() => process.exit(code));
  });

try {
  await run(readCommand(process.argv.slice(2)));
} catch (error) {
  // Calls in flight fail while everything is being ended: that is no news.
  await ending;
  if (!(error instanceof UsageError || error instanceof RedisMissingError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
