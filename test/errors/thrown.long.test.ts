import { sandboxed } from '@longhaul/executor';
import { type Stack, startStack, within } from '@longhaul/testing';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { errorContract } from './contract.ts';
import { oddHandler } from './oddHandler.ts';
import { thrownValues } from './thrownValues.ts';

const names = Object.keys(thrownValues);
/** Each of these is a run of its own, with a child process in the first. */
const fewer = ['nothing', 'messageArray', 'allThrow', 'trappedProxy', 'revokedProxy', 'symbol'];

let stack: Stack<typeof errorContract>;
beforeAll(async () => {
  stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: errorContract,
    handlers: {
      plain: { odd: oddHandler },
      threaded: {
        odd: sandboxed<typeof import('./threadedOdd.ts'), 'odd'>(
          new URL('./threadedOdd.ts', import.meta.url),
          { exportName: 'odd' },
        ),
      },
    },
  });
});
afterAll(() => stack[Symbol.asyncDispose]());

async function endOf(
  branch: 'plain' | 'threaded',
  what: string,
  how: 'throw' | 'reject' | 'exec' | 'progress' | 'log',
) {
  const task = await stack.tasks[branch].odd.start({ what, how });
  const ended = await within(`the end of ${what}`, task.outcome(), 60_000);
  const events = (await stack.events(task.id)).map(({ event }) => event);
  return { ended, events };
}

describe.each(['plain', 'threaded'] as const)('in a %s handler', branch => {
  it.each([
    ...names.map(what => [what, 'throw'] as const),
    ...fewer.map(what => [what, 'reject'] as const),
    ...fewer.filter(what => what !== 'nothing').map(what => [what, 'exec'] as const),
  ])('whatever is thrown (%s, by %s) uses one attempt and fails with readable text', async (what, how) => {
    const { ended, events } = await endOf(branch, what, how);
    expect(ended).toMatchObject({
      status: 'FAILED',
      error: { code: 'HANDLER_ERROR', message: expect.stringMatching(thrownValues[what]?.[1] ?? /\S/) },
    });
    expect(events.filter(({ type }) => type === 'failed')).toMatchObject([{ attempt: 1 }]);
    expect(events.filter(({ type }) => type === 'retrying')).toEqual([]);
  });

  it.each(names)('a log of anything (%s) is kept, readable, and never fails the task', async what => {
    const { ended, events } = await endOf(branch, what, 'log');
    expect(ended).toMatchObject({ status: 'COMPLETED' });
    const lines = events.filter(event => event.type === 'log');
    expect(lines).toMatchObject([{ level: 'info', message: expect.any(String) }, { message: 'with fields' }]);
    for (const line of lines) expect(line).not.toHaveProperty('fields.fieldsLeftOut');
  });

  it.each(['symbol', 'function', 'number', 'bigint', 'frozen', 'circle', 'trappedProxy', 'allThrow'])(
    'a progress that is no JSON (%s) fails with INVALID_PROGRESS and the place',
    async what => {
      const { ended } = await endOf(branch, what, 'progress');
      expect(ended).toMatchObject({ status: 'FAILED', error: { code: 'INVALID_PROGRESS' } });
    },
  );
});
