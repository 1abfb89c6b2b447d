import { isDeepStrictEqual } from 'node:util';
import { encode } from '@longhaul/broker';
import type { TaskDefinition } from '@longhaul/proto';
import {
  type createScheduleSchema,
  defaultMisfireAfterMs,
  GatewayError,
  inlineLimitBytes,
  type ScheduleRecord,
  type scheduleChangesSchema,
  validateInput,
} from '@longhaul/proto/wire';
import type { z } from 'zod';
import { newTaskId } from '../tasks/start/idempotency.ts';
import { nextTime, timesOf } from './scheduleTimes.ts';

export type NewSchedule = z.output<typeof createScheduleSchema>;
export type Changes = z.output<typeof scheduleChangesSchema>;
type Definitions = ReadonlyMap<string, TaskDefinition>;

/**
 * Makes the record of a new schedule.
 * @throws GatewayError INVALID_SCHEDULE, INVALID_INPUT, UNKNOWN_TASK, PAYLOAD_TOO_LARGE
 */
export async function newSchedule(
  definitions: Definitions,
  owner: string,
  wanted: NewSchedule,
  nowMs: number,
): Promise<ScheduleRecord> {
  const { name, input, cron, every, timeZone, policy } = wanted;
  const schedule: ScheduleRecord = {
    v: 1,
    id: wanted.id ?? newTaskId(),
    owner,
    name,
    input,
    ...(cron === undefined ? {} : { cron }),
    ...(every === undefined ? {} : { every }),
    ...(timeZone === undefined ? {} : { timeZone }),
    overlap: wanted.overlap ?? 'skip',
    misfire: wanted.misfire ?? 'one',
    misfireAfterMs: wanted.misfireAfterMs ?? defaultMisfireAfterMs,
    priority: wanted.priority ?? 'normal',
    ...(policy === undefined ? {} : { policy }),
    paused: false,
    createdAt: new Date(nowMs).toISOString(),
    firings: [],
    counts: { started: 0, skipped: 0, missed: 0, failed: 0 },
  };
  await check(definitions, schedule);
  return waiting(schedule, nowMs);
}

/**
 * Applies changed settings to a schedule. If its times change, the next time is the first new one after now; otherwise it
 * stays as it was.
 *
 * @throws GatewayError INVALID_SCHEDULE, INVALID_INPUT, UNKNOWN_TASK, PAYLOAD_TOO_LARGE
 */
export async function changedSchedule(
  definitions: Definitions,
  schedule: ScheduleRecord,
  changes: Changes,
  nowMs: number,
): Promise<ScheduleRecord> {
  const { cron, every, timeZone, ...rest } = schedule;
  const { cron: _cron, every: _every, timeZone: _timeZone, ...others } = changes;
  const named = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
  const times = changedTimes({ cron, every, timeZone }, changes);
  const changed: ScheduleRecord = { ...rest, ...times, ...named };
  if (changed.every !== undefined && changed.every !== every) changed.anchor = new Date(nowMs).toISOString();
  await check(definitions, changed);
  const sameTimes = isDeepStrictEqual(timesIn(schedule), timesIn(changed));
  return sameTimes || changed.paused ? changed : waiting(changed, nowMs);
}

/** Sets the next time of a schedule to its first time after now. */
export function waiting(schedule: ScheduleRecord, nowMs: number): ScheduleRecord {
  const { next: _before, ...rest } = schedule;
  const next = nextTime(schedule, nowMs);
  return { ...rest, ...(next === undefined ? {} : { next }) };
}

/** Whether two schedules have the same settings. Their firings do not matter. */
export function hasSameSettings(a: ScheduleRecord, b: ScheduleRecord): boolean {
  const essence = ({
    name,
    input,
    overlap,
    misfire,
    misfireAfterMs,
    priority,
    policy,
    ...rest
  }: ScheduleRecord) =>
    // Through JSON, as the stored one was.
    JSON.parse(
      JSON.stringify({ name, input, overlap, misfire, misfireAfterMs, priority, policy, ...timesIn(rest) }),
    ) as unknown;
  return isDeepStrictEqual(essence(a), essence(b));
}

type Times = { cron?: string | undefined; every?: string | undefined; timeZone?: string | undefined };

function timesIn({ cron, every, timeZone }: Times): Times {
  return { cron, every, timeZone };
}

/** `cron` and `every` replace each other. The time zone is kept with a new cron expression. */
function changedTimes(before: Times, { cron, every, timeZone }: Times): Times {
  const times: Times =
    every !== undefined && cron === undefined
      ? { every, timeZone }
      : {
          cron: cron ?? before.cron,
          every: cron === undefined ? before.every : every,
          timeZone: timeZone ?? before.timeZone,
        };
  return Object.fromEntries(Object.entries(times).filter(([, value]) => value !== undefined));
}

async function check(definitions: Definitions, schedule: ScheduleRecord): Promise<void> {
  timesOf(schedule);
  const { name, input } = schedule;
  const definition = definitions.get(name);
  if (!definition)
    throw new GatewayError(
      'UNKNOWN_TASK',
      `The contract of this gateway has no task ${name}. Check the name.`,
    );
  await validateInput(name, definition, input);
  const { firings: _history, ...settings } = schedule;
  const { length } = encode(settings);
  if (length > inlineLimitBytes) {
    throw new GatewayError(
      'PAYLOAD_TOO_LARGE',
      `The schedule has ${length} bytes; the limit is ${inlineLimitBytes}. Pass a reference (a path or URL) instead of the data itself.`,
    );
  }
}
