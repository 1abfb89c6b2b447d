import { type Broker, keyedTaskId, readLogEnd } from '@longhaul/broker';
import type { TaskDefinition } from '@longhaul/proto';
import {
  type CancelOutcome,
  decideFirings,
  type Fire,
  type Firing,
  GatewayError,
  isTerminal,
  type ScheduleRecord,
  stateOfRequest,
  validateInput,
  withFiring,
} from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import type { Caller } from '../auth/caller.ts';
import { isOutage } from '../errors.ts';
import type { FindTask } from '../tasks/read/findTask.ts';
import { settleSchedule } from './arming.ts';
import type { ScheduleStore } from './scheduleStore.ts';
import { dueTimes } from './scheduleTimes.ts';
import { failedFiring, firingKey, type StartDeps, startFirings } from './startFirings.ts';

export type FiringDeps = StartDeps & {
  readonly broker: Broker;
  readonly logger: Logger;
  readonly store: ScheduleStore;
  readonly find: FindTask;
  readonly definitions: ReadonlyMap<string, TaskDefinition>;
  readonly cancel: (caller: Caller, id: string, reason: string) => Promise<CancelOutcome>;
};

/** `done`: to be acknowledged. `release`: another gateway's contract may have the task type. */
export type FiringEnd = 'done' | 'release';

/**
 * Handles a firing: decides every time that is due, arms the next time, and starts the tasks. Regardless of how often and
 * to which gateways a firing is delivered, each time starts at most one task, and the next time is armed.
 *
 * The record contains the next time. One write of it (its revision lets one writer win) decides all due times and sets the
 * next one: of two gateways with the same firing, one finds a later time in the record. If a gateway dies, the firing is
 * delivered again:
 *
 * - died before that write: nothing has happened;
 * - between the write and the arming: the record has a later time than the firing, and the arming is done now;
 * - before or while tasks are started: they are `starting` in the record and are started now, each with an idempotency key
 *   made of its time, so that tasks that were started before are found;
 * - before the acknowledgement: everything is found done.
 *
 * @param mayRelease whether the firing may be released for other gateways
 * @throws errors of NATS, after which the firing is to be delivered again
 */
export async function handleFiring(deps: FiringDeps, fire: Fire, mayRelease: boolean): Promise<FiringEnd> {
  const { broker, store } = deps;
  const { owner, id } = fire;
  for (;;) {
    const { schedule, revision } = await store.read(owner, id);
    let now = schedule;
    if (schedule && isAwaited(schedule, fire)) {
      const { decided, cancel } = await decide(deps, schedule, fire.at);
      const starts = decided.firings.some(({ outcome }) => outcome === 'starting');
      if (starts && mayRelease && !deps.definitions.has(schedule.name)) return 'release';
      if (cancel !== undefined) await cancelPrevious(deps, schedule, cancel);
      if ((await store.put(decided, revision)) === undefined) continue;
      now = decided;
    }
    // Before the tasks are started, so that the next time does not depend on them.
    await settleSchedule(broker, store, owner, id);
    if (now) await startFirings(deps, now);
    return 'done';
  }
}

type Awaited = Fire & { readonly at: string };

/** Whether the record waits for this firing. Not if the schedule is paused or was replaced, or the time was decided or changed. */
function isAwaited(schedule: ScheduleRecord, fire: Fire): fire is Awaited {
  const { paused, createdAt, next } = schedule;
  return !paused && createdAt === fire.createdAt && next !== undefined && next === fire.at;
}

type Decided = { readonly decided: ScheduleRecord; readonly cancel: string | undefined };

async function decide(deps: FiringDeps, schedule: ScheduleRecord, first: string): Promise<Decided> {
  const nowMs = deps.broker.clock.nowMs();
  const due = await dueTimes(schedule, first, nowMs);
  const previousActive = schedule.overlap !== 'queue' && (await isActive(deps, schedule));
  const { firings, cancel } = decideFirings(schedule, due, { nowMs, previousActive });
  const startError = firings.some(({ outcome }) => outcome === 'starting')
    ? await startErrorOf(deps, schedule)
    : undefined;
  const { next: _decided, ...rest } = schedule;
  const waiting: ScheduleRecord = { ...rest, ...(due.next === undefined ? {} : { next: due.next }) };
  const decided = firings.map((firing): Firing => {
    if (firing.outcome !== 'starting') return firing;
    if (startError) return failedFiring(firing, startError);
    return {
      ...firing,
      taskId: keyedTaskId(deps.broker, schedule.owner, schedule.name, firingKey(schedule, firing)),
    };
  });
  return { decided: decided.reduce(withFiring, waiting), cancel: startError ? undefined : cancel };
}

/** Checks whether a task of the schedule can be started: its task type exists and its input is valid. */
async function startErrorOf(
  { definitions }: FiringDeps,
  { name, input }: ScheduleRecord,
): Promise<GatewayError | undefined> {
  const definition = definitions.get(name);
  if (!definition)
    return new GatewayError('UNKNOWN_TASK', `The contract of the gateways has no task ${name} any more.`);
  try {
    await validateInput(name, definition, input);
    return undefined;
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}

/** Whether the last task of the schedule is still active. */
async function isActive({ broker, find }: FiringDeps, schedule: ScheduleRecord): Promise<boolean> {
  const { owner, lastTask, firings } = schedule;
  if (!lastTask) return false;
  const firing = firings.find(({ taskId }) => taskId === lastTask.id);
  if (firing?.end) return false;
  const task = await find({ owner, role: 'user' }, lastTask.id);
  // The task has expired, or a gateway is about to start it.
  if (!task) return firing?.outcome === 'starting';
  if (isTerminal(task.status)) return false;
  // Records are written after events, so the event log may already have the end.
  return !isTerminal((await readLogEnd(broker, task, stateOfRequest(task))).state.status);
}

async function cancelPrevious(
  { cancel, logger }: FiringDeps,
  { owner, id }: ScheduleRecord,
  taskId: string,
): Promise<void> {
  try {
    await cancel({ owner, role: 'user' }, taskId, `The schedule ${id} has fired again.`);
  } catch (err) {
    if (isOutage(err)) throw err;
    if (!(err instanceof GatewayError && err.code === 'TASK_NOT_FOUND'))
      logger.warn({ err, scheduleId: id, taskId }, 'the task of the previous firing could not be canceled');
  }
}
