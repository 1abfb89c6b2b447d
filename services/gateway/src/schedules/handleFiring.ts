import { type Broker, isUnavailable, keyedTaskId, readLogEnd } from '@longhaul/broker';
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

/** `done`: acknowledge it. `handBack`: another gateway may know the task that it is to start. */
export type FiringEnd = 'done' | 'handBack';

/**
 * Deals with a firing: decides every time that is due by now, arms the next one, and starts the tasks. However often a
 * firing is delivered and to whichever gateways, each time makes one task at most, and the next is armed.
 *
 * The record says which time is waited for, and one write of it (its revision lets one writer win) decides all that is
 * due and moves on to the next time: so of two gateways with the same firing one finds that the record waits for a
 * later time. A gateway may die, and the firing be delivered again,
 *
 * - before that write: nothing has happened;
 * - between it and the arming: the record waits for a later time than this firing's, and the arming is done now;
 * - before or while tasks are started: they are in the record as `starting`, and are started now, each under an
 *   idempotency key that is made of its time, so that what was started before is found;
 * - before the acknowledgement: all is found done.
 *
 * @param mayRelease another gateway has not had its turn yet
 * @throws what NATS answers: the firing is to be delivered again
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
      if (starts && mayRelease && !deps.definitions.has(schedule.name)) return 'handBack';
      if (cancel !== undefined) await cancelPrevious(deps, schedule, cancel);
      if ((await store.put(decided, revision)) === undefined) continue;
      now = decided;
    }
    // Before the tasks, so that the next time does not wait for them.
    await settleSchedule(broker, store, owner, id);
    if (now) await startFirings(deps, now);
    return 'done';
  }
}

type Awaited = Fire & { readonly at: string };

/** Not so: the schedule is gone, paused or another one of that id, or the time has been decided or changed. */
function isAwaited(schedule: ScheduleRecord, fire: Fire): fire is Awaited {
  const { paused, createdAt, next } = schedule;
  return !paused && createdAt === fire.createdAt && next !== undefined && next === fire.at;
}

type Decided = { readonly decided: ScheduleRecord; readonly cancel: string | undefined };

async function decide(deps: FiringDeps, schedule: ScheduleRecord, first: string): Promise<Decided> {
  const nowMs = Date.now();
  const due = await dueTimes(schedule, first, nowMs);
  const previousActive = schedule.overlap !== 'queue' && (await isActive(deps, schedule));
  const { firings, cancel } = decideFirings(schedule, due, { nowMs, previousActive });
  const fault = firings.some(({ outcome }) => outcome === 'starting')
    ? await faultOf(deps, schedule)
    : undefined;
  const { next: _decided, ...rest } = schedule;
  const waiting: ScheduleRecord = { ...rest, ...(due.next === undefined ? {} : { next: due.next }) };
  const decided = firings.map((firing): Firing => {
    if (firing.outcome !== 'starting') return firing;
    if (fault) return failedFiring(firing, fault);
    return {
      ...firing,
      taskId: keyedTaskId(deps.broker, schedule.owner, schedule.name, firingKey(schedule, firing)),
    };
  });
  return { decided: decided.reduce(withFiring, waiting), cancel: fault ? undefined : cancel };
}

/** Why a task of the schedule could not be started, as far as that can be known before. */
async function faultOf(
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

/** Whether the task that the schedule started last is not over. */
async function isActive({ broker, find }: FiringDeps, schedule: ScheduleRecord): Promise<boolean> {
  const { owner, lastTask, firings } = schedule;
  if (!lastTask) return false;
  const firing = firings.find(({ taskId }) => taskId === lastTask.id);
  if (firing?.end) return false;
  const task = await find({ owner, role: 'user' }, lastTask.id);
  // It has expired, or a gateway is about to start it.
  if (!task) return firing?.outcome === 'starting';
  if (isTerminal(task.status)) return false;
  // The record is written behind the events, which may know of its end already.
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
    if (isUnavailable(err)) throw err;
    if (!(err instanceof GatewayError && err.code === 'TASK_NOT_FOUND'))
      logger.warn({ err, scheduleId: id, taskId }, 'the task of the firing before could not be canceled');
  }
}
