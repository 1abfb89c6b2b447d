import type { Schedule, ScheduleChanges } from '@longhaul/proto/wire';
import type { Connection } from '../gateway/connection.ts';
import { type OutputFlags, print, printJson, printTable } from '../output/output.ts';
import { UsageError } from '../output/usageError.ts';
import { findType } from '../tasks/findType.ts';
import { readInput } from '../tasks/input/readInput.ts';

/** Whose schedule. */
export type OwnerFlags = OutputFlags & { readonly owner?: string | undefined };

/** Flags of `longhaul schedules set`. */
export type SetScheduleFlags = OutputFlags & {
  readonly cron?: string | undefined;
  readonly every?: string | undefined;
  readonly timeZone?: string | undefined;
  readonly overlap?: 'skip' | 'queue' | 'cancelPrevious' | undefined;
  readonly misfire?: 'one' | 'skip' | 'all' | undefined;
};

const of = ({ owner }: OwnerFlags) => (owner === undefined ? undefined : { owner });
const minute = (time: string) => time.slice(0, 16).replace('T', ' ');

/** `longhaul schedules list` */
export async function listSchedules({ client }: Connection, flags: OwnerFlags): Promise<undefined> {
  const { schedules, more } = await client.$schedules.list(of(flags));
  if (flags.json) return printJson({ schedules, more });
  if (schedules.length === 0) return print('There is no schedule.');
  return printTable(
    ['ID', 'TYPE', 'FIRES', 'NEXT (UTC)', 'LAST'],
    schedules.map(({ id, name, cron, every, timeZone, paused, nextTimes, last }) => [
      id,
      name,
      every === undefined ? `${cron ?? ''}${timeZone === undefined ? '' : ` ${timeZone}`}` : `every ${every}`,
      paused ? 'paused' : minute(nextTimes[0] ?? ''),
      last === undefined ? '' : `${minute(last.at)} ${last.outcome}`,
    ]),
  );
}

/** `longhaul schedules get ID` */
export async function getSchedule({ client }: Connection, id: string, flags: OwnerFlags): Promise<undefined> {
  const schedule = await client.$schedules.get(id, of(flags));
  return flags.json ? printJson(schedule) : describe(schedule);
}

/** `longhaul schedules set ID NAME [INPUT]`: makes a schedule, or changes the one that has this id. */
export async function setSchedule(
  { client }: Connection,
  id: string,
  name: string,
  args: readonly string[],
  flags: SetScheduleFlags,
): Promise<undefined> {
  const { cron, every, timeZone, overlap, misfire } = flags;
  if ((cron === undefined) === (every === undefined))
    throw new UsageError('Say when it fires: --cron "30 2 * * *" or --every 15m, one of them.');
  const type = findType(await client.$types.list(), name);
  const input = await readInput(args, async () => type.input);
  const settings: ScheduleChanges = {
    ...(input === undefined ? {} : { input }),
    ...(cron === undefined ? {} : { cron }),
    ...(every === undefined ? {} : { every }),
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(overlap === undefined ? {} : { overlap }),
    ...(misfire === undefined ? {} : { misfire }),
  };
  const { schedules } = await client.$schedules.list();
  const known = schedules.find(schedule => schedule.id === id);
  if (known && known.name !== name)
    throw new UsageError(`The schedule ${id} starts ${known.name}. Use another id, or delete it first.`);
  const schedule = known
    ? await client.$schedules.update(id, settings)
    : await client.$schedules.create({ id, name, ...settings });
  return flags.json ? printJson(schedule) : describe(schedule);
}

/** `longhaul schedules pause ID` and `longhaul schedules resume ID` */
export async function controlSchedule(
  { client }: Connection,
  action: 'pause' | 'resume',
  id: string,
  flags: OwnerFlags,
): Promise<undefined> {
  const schedule = await client.$schedules[action](id, of(flags));
  return flags.json ? printJson(schedule) : describe(schedule);
}

/** `longhaul schedules run ID`: starts its task now. */
export async function runSchedule({ client }: Connection, id: string, flags: OwnerFlags): Promise<undefined> {
  const started = await client.$schedules.run(id, of(flags));
  return flags.json ? printJson(started) : print(started.taskId);
}

/** `longhaul schedules delete ID` */
export async function deleteSchedule(
  { client }: Connection,
  id: string,
  flags: OwnerFlags,
): Promise<undefined> {
  const outcome = await client.$schedules.delete(id, of(flags));
  if (flags.json) return printJson(outcome);
  return print(outcome.deleted ? `${id} is deleted.` : `There was no schedule ${id}.`);
}

function describe({ id, name, paused, nextTimes }: Schedule): undefined {
  print(`${id}  ${name}${paused ? '  paused' : ''}`);
  for (const time of nextTimes) print(`  ${time}`);
}
