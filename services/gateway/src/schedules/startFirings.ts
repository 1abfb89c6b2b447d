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
import type { NewTask } from '../tasks/start/startTask.ts';
import type { ScheduleStore } from './scheduleStore.ts';

export type StartDeps = {
  readonly broker: Broker;
  readonly store: ScheduleStore;
  readonly definitions: ReadonlyMap<string, TaskDefinition>;
  readonly start: (caller: Caller, task: NewTask) => Promise<TaskRecord>;
};

/** The longest message of an error that a schedule's record keeps. */
const errorMessageChars = 300;
/**
 * A firing that has been `starting` for so long was decided before an outage. Its task may have run since, and its
 * record expired, so that the idempotency key alone would not find it: events are kept for longer than records.
 */
const longAgoMs = 60 * 60 * 1_000;

/**
 * Starts the tasks of all firings that are `starting`, and writes down what came of them. What another gateway has
 * started, or is starting at this moment, is found by its idempotency key.
 */
export async function startFirings(deps: StartDeps, schedule: ScheduleRecord): Promise<void> {
  const starting = schedule.firings.filter(({ outcome }) => outcome === 'starting').toReversed();
  if (starting.length === 0) return;
  const begun: Firing[] = [];
  for (const firing of starting) begun.push(await startFiring(deps, schedule, firing));
  await deps.store.update(schedule.owner, schedule.id, now =>
    now.createdAt === schedule.createdAt ? begun.reduce(withFiring, now) : now,
  );
}

async function startFiring(deps: StartDeps, schedule: ScheduleRecord, firing: Firing): Promise<Firing> {
  const started: Firing = { ...firing, outcome: 'started' };
  if (await hasRun(deps.broker, firing)) return started;
  try {
    const { id } = await deps.start({ owner: schedule.owner, role: 'user' }, taskOf(deps, schedule, firing));
    return { ...started, taskId: id };
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code === 'NATS_UNAVAILABLE') throw error;
    // The schedule got another input after this task was started, and before that was written down.
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
  // Decided by a gateway whose contract has it; this one leaves the firing to others.
  if (!definition) throw new Error(`The contract has no task ${name}, but another gateway's has.`);
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

/** The same for one time of a schedule, whoever deals with it and however often; and for no other time or schedule. */
export function firingKey({ id, createdAt }: ScheduleRecord, { at }: Firing): string {
  return `schedule ${id} ${createdAt} ${at}`;
}

export function failedFiring(firing: Firing, { code, message }: GatewayError): Firing {
  const { taskId: _none, ...rest } = firing;
  return { ...rest, outcome: 'failed', error: { code, message: message.slice(0, errorMessageChars) } };
}

async function hasRun(broker: Broker, { taskId, decidedAt }: Firing): Promise<boolean> {
  if (taskId === undefined || decidedAt === undefined) return false;
  if (Date.now() - Date.parse(decidedAt) < longAgoMs) return false;
  const { eventStream, subjects } = broker.topology;
  return (
    (await broker.jsm.streams.getMessage(eventStream, { last_by_subj: subjects.eventsOf(taskId) })) !== null
  );
}
