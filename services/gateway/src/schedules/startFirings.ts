import type { Broker } from '@longhaul/broker';
import type { TaskDefinition } from '@longhaul/proto';
import {
  type Firing,
  GatewayError,
  type ScheduleRecord,
  type TaskRecord,
  withFiring,
} from '@longhaul/proto/wire';
import type { Caller } from '../auth/caller.ts';
import { isOutage } from '../errors.ts';
import type { NewTask } from '../tasks/start/startTask.ts';
import type { ScheduleStore } from './scheduleStore.ts';

export type StartDeps = {
  readonly broker: Broker;
  readonly store: ScheduleStore;
  readonly definitions: ReadonlyMap<string, TaskDefinition>;
  readonly start: (caller: Caller, task: NewTask) => Promise<TaskRecord>;
};

/** How many characters of an error message the record of a schedule keeps. */
const errorMessageChars = 300;
/**
 * A firing that has been `starting` for longer was decided before an outage. Its task may have run and its record expired
 * since, so the idempotency key alone would not find it. Events are kept for longer than records.
 */
const longAgoMs = 60 * 60 * 1_000;

/**
 * Starts the tasks of all firings that are `starting`, and records the outcomes. A task that another gateway has started or
 * is starting is found by its idempotency key.
 */
export async function startFirings(deps: StartDeps, schedule: ScheduleRecord): Promise<void> {
  const starting = schedule.firings.filter(isStarting).toReversed();
  if (starting.length === 0) return;
  const begun: Firing[] = [];
  for (const firing of starting) begun.push(await startFiring(deps, schedule, firing));
  await deps.store.update(schedule.owner, schedule.id, now => {
    if (now.createdAt !== schedule.createdAt) return now;
    // What is no longer `starting` another gateway has counted, and the history may be too short to show it.
    const left = new Set(now.firings.filter(isStarting).map(({ at }) => at));
    return begun.filter(({ at }) => left.has(at)).reduce(withFiring, now);
  });
}

function isStarting({ outcome }: Firing): boolean {
  return outcome === 'starting';
}

async function startFiring(deps: StartDeps, schedule: ScheduleRecord, firing: Firing): Promise<Firing> {
  const started: Firing = { ...firing, outcome: 'started' };
  if (await hasRun(deps.broker, firing)) return started;
  try {
    const { id } = await deps.start({ owner: schedule.owner, role: 'user' }, taskOf(deps, schedule, firing));
    return { ...started, taskId: id };
  } catch (error) {
    // It stays `starting`, and its firing is delivered again: a full or repaired NATS costs no time its task.
    if (!(error instanceof GatewayError) || isOutage(error)) throw error;
    // The input of the schedule was changed after this task was started and before the start was recorded.
    if (error.code === 'IDEMPOTENCY_CONFLICT') return started;
    return failedFiring(firing, error);
  }
}

/** The task that a firing starts. */
export function taskOf(
  { definitions }: Pick<StartDeps, 'definitions'>,
  schedule: ScheduleRecord,
  firing: Firing,
): NewTask {
  const { name, id, input, priority, policy } = schedule;
  const definition = definitions.get(name);
  // The firing was decided by a gateway whose contract has the task type; this gateway leaves it to others.
  if (!definition)
    throw new Error(
      `The contract of this gateway has no task type ${name}, but the contract of another gateway has.`,
    );
  return {
    name,
    definition,
    priority,
    input,
    idempotencyKey: firingKey(schedule, firing),
    scheduleId: id,
    ...(policy === undefined ? {} : { policy }),
  };
}

/** The idempotency key of a firing: the same in every gateway and attempt, and different for every other time or schedule. */
export function firingKey({ id, createdAt }: ScheduleRecord, { at }: Firing): string {
  return `schedule ${id} ${createdAt} ${at}`;
}

export function failedFiring(firing: Firing, { code, message }: GatewayError): Firing {
  const { taskId: _none, ...rest } = firing;
  return { ...rest, outcome: 'failed', error: { code, message: message.slice(0, errorMessageChars) } };
}

async function hasRun(broker: Broker, { taskId, decidedAt }: Firing): Promise<boolean> {
  if (taskId === undefined || decidedAt === undefined) return false;
  if (broker.clock.nowMs() - Date.parse(decidedAt) < longAgoMs) return false;
  const { eventStream, subjects } = broker.topology;
  return (
    (await broker.jsm.streams.getMessage(eventStream, { last_by_subj: subjects.eventsOf(taskId) })) !== null
  );
}
