import { appendEvent } from '@longhaul/broker';
import {
  type LifecycleChange,
  lifecycleLimit,
  nextState,
  type TaskEvent,
  type TaskState,
} from '@longhaul/proto/wire';
import { eventThat, recordThat, type Stack, startStack, within } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { expect, inject, it } from 'vitest';

const system = (more: object = {}) =>
  startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    executors: 0,
    ...more,
  });

const at = '2026-01-01T00:00:00.000Z';
const owner = 'local';

/** Appends lifecycle events as their writers would, each with the state after it; many are under way at a time. */
async function appendAll(
  { broker }: Stack<ScriptedContract>,
  address: { readonly id: string; readonly name: string },
  changes: readonly LifecycleChange[],
): Promise<TaskState> {
  let state: TaskState = { status: 'PENDING', attempt: 0, failures: 0, losses: 0, events: 0 };
  const events = changes.map(change => {
    const next = nextState(state, change);
    if (!next) throw new Error(`${state.status} cannot be followed by ${change.type}`);
    state = next;
    return { v: 2, owner, ...change, state } as TaskEvent;
  });
  const [first, ...rest] = events;
  if (!first) return state;
  // Nobody else writes here, so the sequences are known before they are acknowledged.
  let { seq } = await appendEvent(broker, address, first, 0);
  for (let from = 0; from < rest.length; from += 500) {
    const part = rest.slice(from, from + 500);
    const begun = seq;
    const acks = await Promise.all(part.map((event, i) => appendEvent(broker, address, event, begun + i)));
    seq = acks.at(-1)?.seq ?? seq;
  }
  return state;
}

/** As many pauses and resumptions as fill the log up to `events` lifecycle events, of a task that runs. */
const pausesUpTo = (events: number): LifecycleChange[] => [
  { type: 'started', at, attempt: 1, executor: 'x' },
  ...Array.from({ length: events - 1 }, (_, n): LifecycleChange => {
    return n % 2 === 0 ? { type: 'pausing', at, by: owner } : { type: 'resumed', at, by: owner };
  }),
];

it('a task with as many lifecycle events as it may have cannot be paused again, and can be canceled', async () => {
  await using stack = await system();
  const task = await stack.tasks.script.walk.start({ steps: 1, stepMs: 1 });
  await recordThat(stack.broker, 'PENDING', ({ id }) => id === task.id);
  // An odd number: the last one resumes the task.
  const events = lifecycleLimit + 1;
  const state = await appendAll(stack, { id: task.id, name: 'script.walk' }, pausesUpTo(events));
  expect(state).toMatchObject({ status: 'RUNNING', events });
  await expect(within('pause', task.pause())).rejects.toMatchObject({
    data: { reason: 'NOT_PAUSABLE' },
    message: expect.stringContaining(`${events} lifecycle events`),
  });
  expect(await within('cancel', task.cancel('enough'))).toMatchObject({ status: 'CANCELED' });
  // Nothing of its life was dropped.
  const types = (await stack.events(task.id)).map(({ event }) => event.type);
  expect([types[0], ...types.slice(events)]).toEqual(['started', 'stopping', 'canceled']);
});

it('a handler whose task has as many can start no more children, and its task ends as usual', async () => {
  await using stack = await system();
  const task = await stack.tasks.script.family.start({ echoes: 1 }, { policy: { maxAttempts: 2 } });
  await recordThat(stack.broker, 'PENDING', ({ id }) => id === task.id);
  const retrying: LifecycleChange = {
    type: 'retrying',
    at,
    attempt: 1,
    executor: 'x',
    error: { code: 'HANDLER_ERROR', message: 'the first attempt failed' },
    nextAttemptAt: at,
  };
  await appendAll(stack, { id: task.id, name: 'script.family' }, [...pausesUpTo(lifecycleLimit), retrying]);
  await stack.addExecutor();
  const end = await eventThat(
    stack.broker,
    'the end',
    ({ id, event }) => id === task.id && event.type === 'failed',
  );
  expect(end.event).toMatchObject({
    attempt: 2,
    error: { message: expect.stringContaining(`${lifecycleLimit} lifecycle events`) },
  });
  expect(await within('outcome', task.outcome())).toMatchObject({ status: 'FAILED' });
});
