import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventSchema, isLifecycle, type StoredEvent, type TaskEvent } from '../wire/event.ts';
import type { TaskRecord } from '../wire/record.ts';
import type { TaskRequest } from '../wire/request.ts';
import type { TaskState } from '../wire/taskState.ts';
import { fold, recordOfRequest } from './fold.ts';
import {
  foldState,
  holderOf,
  isToBegin,
  type LifecycleChange,
  nextState,
  stateOfRequest,
} from './taskState.ts';

const id = '01890000-0000-7000-8000-000000000000';
const name = 'demo.count';
const at = '2026-01-01T00:00:00.000Z';
const request: TaskRequest = { v: 1, owner: 'alice', createdAt: at, priority: 'normal', input: {} };
const error = { code: 'BAD', message: 'no' };

/** What a writer may try next. What cannot follow is not appended, as writers do it. */
const step = fc.record({
  what: fc.constantFrom(
    'started',
    'started',
    'progress',
    'log',
    'child',
    'retrying',
    'released',
    'pausing',
    'paused',
    'resumed',
    'stopping',
    'completed',
    'failed',
    'failed early',
    'canceled',
    'malformed',
  ),
  executor: fc.constantFrom('a', 'b'),
  reason: fc.option(fc.constantFrom('enough', 'late'), { nil: undefined }),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function changeOf({ what, executor, reason }: Step, state: TaskState): LifecycleChange | undefined {
  // An attempt that was not begun is the next one: a short one ends without a `started`.
  const attempt = state.held ? state.attempt : state.attempt + 1;
  const mine = { at, attempt, executor: state.held ? (state.executor ?? executor) : executor };
  const why = reason === undefined ? {} : { reason };
  switch (what) {
    case 'started':
      return { type: 'started', at, executor, attempt: state.attempt + 1 };
    case 'child':
      return { type: 'child', ...mine, child: { id, name } };
    case 'retrying':
      return { type: 'retrying', ...mine, error, nextAttemptAt: '2026-01-01T00:01:00.000Z' };
    case 'released':
    case 'paused':
      return state.held ? { type: what, ...mine } : undefined;
    case 'pausing':
    case 'resumed':
      return { type: what, at, by: executor };
    case 'stopping':
    case 'canceled':
      return { type: what, at, ...why };
    case 'completed':
      return { type: 'completed', ...mine, output: 1 };
    case 'failed':
      return { type: 'failed', ...mine, error };
    case 'failed early':
      return { type: 'failed', at, error };
    default:
      return undefined;
  }
}

/** A log as writers make it, one event after the other. A malformed message takes a sequence, and is no event. */
function writeLog(steps: readonly Step[]): StoredEvent[] {
  let state = stateOfRequest(request);
  const ordinals = { progress: 0, log: 0 };
  return steps.flatMap((one, i): StoredEvent[] => {
    const head = { v: 2 as const, owner: 'alice', at };
    const stored = (event: TaskEvent): StoredEvent[] => [{ seq: i + 1, id, name, event }];
    if (one.what === 'progress' || one.what === 'log') {
      ordinals[one.what] += 1;
      const output = { ...head, attempt: Math.max(1, state.attempt), ordinal: ordinals[one.what] };
      return stored(
        one.what === 'log'
          ? { ...output, type: 'log', level: 'info', message: 'hi' }
          : { ...output, type: 'progress', progress: i },
      );
    }
    const change = changeOf(one, state);
    const next = change && nextState(state, change);
    if (!change || !next) return [];
    state = next;
    return stored({ ...head, ...change, state } as TaskEvent);
  });
}

const log = fc.array(step, { maxLength: 25 }).map(writeLog);

test('carried state = fold: of any log, each lifecycle event carries what the fold of all events up to it gives', () => {
  fc.assert(
    fc.property(log, events => {
      let state = stateOfRequest(request);
      for (const { event } of events) {
        state = foldState(state, event);
        if (isLifecycle(event)) expect(event.state).toEqual(state);
      }
    }),
    { numRuns: 500 },
  );
});

test('carried state = record: what both say of a task is the same', () => {
  fc.assert(
    fc.property(log, events => {
      let record: TaskRecord = recordOfRequest(id, name, request);
      for (const stored of events) {
        record = fold(record, stored) ?? record;
        if (!isLifecycle(stored.event)) continue;
        const { state } = stored.event;
        const last = record.attempts.at(-1);
        expect(state).toMatchObject({
          status: record.status,
          attempt: record.attempt,
          failures: record.failures,
          losses: record.losses,
        });
        expect(state.executor).toBe(last?.executor);
        expect(state.cancelReason).toBe(record.cancelReason);
        expect(state.pause).toEqual(record.pause);
        expect(state.nextAttemptAt).toBe(record.nextAttemptAt);
        expect(holderOf(state)).toBe(last?.endedAt === undefined ? last?.executor : undefined);
      }
    }),
    { numRuns: 500 },
  );
});

test('what a writer makes so fits the schema, and a state that its event cannot leave does not', () => {
  fc.assert(
    fc.property(log, events => {
      for (const { event } of events) {
        const json: unknown = JSON.parse(JSON.stringify(event));
        expect(eventSchema.safeParse(json).error?.issues).toBeUndefined();
        if (!isLifecycle(event) || event.type !== 'started') continue;
        const wrong = [
          { ...event, state: { ...event.state, status: 'COMPLETED' } },
          { ...event, state: { ...event.state, attempt: event.attempt + 1 } },
        ];
        for (const one of wrong) expect(eventSchema.safeParse(one).success).toBe(false);
      }
    }),
  );
});

test.each([
  ['SCHEDULED', 0, true],
  ['PENDING', 0, true],
  ['RETRYING', 1, true],
  // Released by an executor that stopped.
  ['PENDING', 1, false],
  // Its executor was lost, if the request is delivered again.
  ['RUNNING', 1, false],
  ['PAUSED', 2, false],
  // Nothing of these begins: the request only has to be answered.
  ['STOPPING', 0, false],
  ['CANCELED', 0, false],
  ['COMPLETED', 1, false],
] as const)('whether an attempt of a task is to begin: %s after attempt %i', (status, attempt, expected) => {
  expect(isToBegin({ status, attempt })).toBe(expected);
});
