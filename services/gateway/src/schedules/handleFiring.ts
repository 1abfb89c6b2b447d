import { type Broker, isUnavailable, keyedTaskId, readLogEnd } from '@longhaul/broker';
import {
  type CancelOutcome,
  decideFiring,
  type Fired,
  type Firing,
  type FiringDecision,
  GatewayError,
  isLate,
  isTerminal,
  type ScheduleRecord,
  stateOfRequest,
  type TaskDefinition,
  type TaskRecord,
  validateInput,
  withFiring,
} from '@longhaul/proto';
import type { Logger } from 'pino';
import type { Caller } from '../caller.ts';
import type { FindTask } from '../read/findTask.ts';
import type { NewTask } from '../start/startTask.ts';
import { settleSchedule } from './arming.ts';
import type { ScheduleStore } from './scheduleStore.ts';

export type FiringDeps = {
  readonly broker: Broker;
  readonly logger: Logger;
  readonly store: ScheduleStore;
  readonly find: FindTask;
  readonly definitions: ReadonlyMap<string, TaskDefinition>;
  readonly start: (caller: Caller, task: NewTask) => Promise<TaskRecord>;
  readonly cancel: (caller: Caller, id: string, reason: string) => Promise<CancelOutcome>;
};

type LastTask = NonNullable<ScheduleRecord['lastTask']>;

/** `done`: acknowledge it. `handBack`: another gateway may know the task that it is to start. */
export type FiringEnd = 'done' | 'handBack';

/** The longest message of an error that a schedule's record keeps. */
const errorMessageChars = 1_000;

/**
 * Makes exactly one task of a firing, or none where the overlap says so, however often it is delivered and to
 * whichever gateway.
 *
 * First what is to come of it is written into the schedule's record, where the revision lets one writer win: so of two
 * firings at two gateways each sees the other's task. Then the task is started, under an idempotency key that the
 * firing's sequence makes; a gateway that dies between the two leaves a firing that is delivered again, is found in the
 * record as `starting`, and starts its task then.
 *
 * @param mayHandBack another gateway has not had its turn yet
 * @throws what NATS answers: the firing is to be delivered again
 */
export async function handleFiring(deps: FiringDeps, fired: Fired, mayHandBack: boolean): Promise<FiringEnd> {
  const { broker, store } = deps;
  const { owner, id } = fired.fire;
  for (;;) {
    const { schedule, revision } = await store.read(owner, id);
    const decision = await decide(deps, schedule, fired);
    if (decision.do === 'ignore' || !schedule) {
      // It should not have fired: what is armed and what the record says are brought together.
      await settleSchedule(broker, store, owner, id);
      return 'done';
    }
    if (decision.do === 'again') {
      if (decision.firing.outcome === 'starting') await begin(deps, schedule, fired, decision.firing);
      return 'done';
    }
    const definition = deps.definitions.get(schedule.name);
    if (!definition && decision.do === 'start' && mayHandBack) return 'handBack';
    const firing =
      decision.do === 'leave' ? firingOf(fired, decision.outcome) : await planned(deps, schedule, fired);
    if (firing.outcome === 'starting' && decision.do === 'start' && decision.cancel !== undefined)
      await cancelPrevious(deps, schedule, decision.cancel);
    if ((await store.put(withFiring(schedule, firing, fired.next), revision)) === undefined) continue;
    if (firing.outcome === 'starting') await begin(deps, schedule, fired, firing);
    return 'done';
  }
}

async function decide(
  deps: FiringDeps,
  schedule: ScheduleRecord | undefined,
  fired: Fired,
): Promise<FiringDecision> {
  const nowMs = Date.now();
  const lastTask = schedule?.lastTask;
  const laterWaits = isLate(fired.at, nowMs) && (await hasLater(deps.broker, fired));
  const previousActive =
    schedule !== undefined &&
    lastTask !== undefined &&
    schedule.overlap !== 'queue' &&
    (await isActive(deps, schedule.owner, lastTask));
  return decideFiring(schedule, fired, { nowMs, previousActive, laterWaits });
}

/** Whether the task of an earlier firing is not over. */
async function isActive({ broker, find }: FiringDeps, owner: string, last: LastTask): Promise<boolean> {
  const task = await find({ owner, role: 'user' }, last.id);
  if (!task) {
    // It has expired, or another gateway is about to start it: then that one has not acknowledged the firing yet.
    const { requestStream } = broker.topology;
    return (await broker.jsm.streams.getMessage(requestStream, { seq: last.seq })) !== null;
  }
  if (isTerminal(task.status)) return false;
  // The record is written behind the events, which may know of its end already.
  return !isTerminal((await readLogEnd(broker, task, stateOfRequest(task))).state.status);
}

async function hasLater(broker: Broker, { fire, seq }: Fired): Promise<boolean> {
  const { requestStream, subjects } = broker.topology;
  const newest = await broker.jsm.streams.getMessage(requestStream, { last_by_subj: subjects.fire(fire) });
  return newest !== null && newest.seq > seq;
}

/** What starting its task will come to, as far as that can be known before. */
async function planned(
  { broker, definitions }: FiringDeps,
  schedule: ScheduleRecord,
  fired: Fired,
): Promise<Firing> {
  const { name, owner, input } = schedule;
  const definition = definitions.get(name);
  try {
    if (!definition)
      throw new GatewayError('UNKNOWN_TASK', `The contract of the gateways has no task ${name} any more.`);
    await validateInput(name, definition, input);
  } catch (error) {
    if (error instanceof GatewayError) return failed(fired, error);
    throw error;
  }
  return { ...firingOf(fired, 'starting'), taskId: keyedTaskId(broker, owner, name, keyOf(fired)) };
}

/** Starts the task of a firing that is `starting`, and writes down what came of it. */
async function begin(
  { definitions, store, start }: FiringDeps,
  schedule: ScheduleRecord,
  fired: Fired,
  starting: Firing,
): Promise<void> {
  const { name, owner, id, input, priority, policy } = schedule;
  const definition = definitions.get(name);
  // Decided by a gateway whose contract has it; this one hands the firing on.
  if (!definition) throw new Error(`The contract has no task ${name}, but another gateway's has.`);
  const task: NewTask = {
    name,
    definition,
    priority,
    input,
    idempotencyKey: keyOf(fired),
    scheduleId: id,
    ...(policy === undefined ? {} : { policy }),
  };
  let ended: Firing = { ...starting, outcome: 'started' };
  try {
    await start({ owner, role: 'user' }, task);
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code === 'NATS_UNAVAILABLE') throw error;
    ended = failed(fired, error);
  }
  await store.update(owner, id, now =>
    now.createdAt === schedule.createdAt ? withFiring(now, ended, fired.next) : now,
  );
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

function firingOf({ seq, at }: Fired, outcome: Firing['outcome']): Firing {
  return { seq, at, outcome };
}

function failed(fired: Fired, { code, message }: GatewayError): Firing {
  return { ...firingOf(fired, 'failed'), error: { code, message: message.slice(0, errorMessageChars) } };
}

/** The same for every delivery of one firing, and for no other firing, also when the stream has been made anew. */
function keyOf({ fire, seq, at }: Fired): string {
  return `schedule ${fire.id} ${seq} ${at}`;
}
