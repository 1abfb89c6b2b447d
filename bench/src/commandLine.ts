import { parseArgs } from 'node:util';
import { fullSizes, measurements, quickSizes } from './measure/index.ts';
import type { Measurement, Sizes } from './measure/measurement.ts';
import { bullmq } from './systems/bullmq.ts';
import { longhaul } from './systems/longhaul.ts';
import type { SystemKind } from './systems/system.ts';

/** What to measure, of which systems, and where the result goes. */
export type Command = {
  readonly measurements: readonly Measurement[];
  readonly systems: readonly SystemKind[];
  readonly sizes: Sizes;
  readonly write: boolean;
  readonly profileDir: string | undefined;
};

export const usage = `node bench/src/run.ts [options]

  --quick              small numbers: shows that it works, not how fast
  --only <names>       some of: ${measurements.map(({ name }) => name).join(', ')}
  --system <name>      one of: longhaul, bullmq. Default: both, in turns
  --rounds <n>         how often each measurement is made
  --memory-tasks <n>   after how many finished tasks memory is read. Default: ${fullSizes.memoryTasks}
  --cpu-prof <folder>  the services leave CPU profiles there
  --write              puts the table into bench/README.md
`;

/** The command line is not right. Its message says what is. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'USAGE';
}

/** @throws UsageError */
export function readCommand(args: readonly string[]): Command {
  const values = parse(args);
  const base = values.quick ? quickSizes : fullSizes;
  const only = values.only?.split(',').map(name => name.trim());
  const unknown = only?.find(name => !measurements.some(measurement => measurement.name === name));
  if (unknown !== undefined) throw new UsageError(`"${unknown}" is not measured.\n\n${usage}`);
  const systems = [longhaul, bullmq].filter(
    ({ name }) => values.system === undefined || name === values.system,
  );
  if (systems.length === 0) throw new UsageError(`There is no system "${values.system}".\n\n${usage}`);
  const write = values.write ?? false;
  if (write && (values.quick || only || systems.length === 1))
    throw new UsageError('--write takes a whole run: leave out --quick, --only and --system.');
  return {
    measurements: measurements.filter(({ name }) => !only || only.includes(name)),
    systems,
    sizes: {
      ...base,
      rounds: wholeNumber('--rounds', values.rounds) ?? base.rounds,
      memoryTasks: wholeNumber('--memory-tasks', values['memory-tasks']) ?? base.memoryTasks,
    },
    write,
    profileDir: values['cpu-prof'],
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean' },
        only: { type: 'string' },
        system: { type: 'string' },
        rounds: { type: 'string' },
        'memory-tasks': { type: 'string' },
        'cpu-prof': { type: 'string' },
        write: { type: 'boolean' },
      },
    }).values;
  } catch (cause) {
    throw new UsageError(`${cause instanceof Error ? cause.message : cause}\n\n${usage}`, { cause });
  }
}

function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new UsageError(`${option} takes a whole number of at least 1, not "${text}".`);
  return number;
}
