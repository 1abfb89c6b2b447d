import { TaskFailedError } from '@longhaul/client';
import { defineContract, defineTask } from '@longhaul/proto';
import type { ExposeStack } from '@longhaul/proto/wire';
import { startStack, within } from '@longhaul/testing';
import { describe, expect, inject, it } from 'vitest';
import { z } from 'zod';

const failing = {
  input: z.object({}),
  output: z.object({}),
  errors: { REFUSED: z.object({ by: z.string() }) },
};
const contract = defineContract({
  plain: defineTask(failing),
  forOperators: defineTask({ ...failing, exposeStack: 'operators' }),
  secret: defineTask({ ...failing, exposeStack: 'nobody' }),
  declared: defineTask(failing),
});

function fail(): never {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
  const fetched = new TypeError('fetch failed', { cause: refused });
  throw new RangeError('top', { cause: new AggregateError([fetched, new Error('other')], 'both failed') });
}
const handlers = {
  plain: fail,
  forOperators: fail,
  secret: fail,
  declared: ({ error }: { error: (code: 'REFUSED', message: string, data: { by: string }) => Error }) => {
    throw error('REFUSED', 'No.', { by: 'the shop' });
  },
};

/** Callers are who they say they are. */
const system = (exposeStack?: ExposeStack) =>
  startStack({
    natsUrl: inject('natsUrl'),
    contract,
    handlers,
    gateway: {
      authenticate: ({ headers }) => {
        const [owner = 'alice', role = 'user'] = String(headers['x-who'] ?? 'alice').split('/');
        return { owner, role: role === 'operator' ? 'operator' : 'user' };
      },
      ...(exposeStack === undefined ? {} : { exposeStack }),
    },
  });
type System = Awaited<ReturnType<typeof system>>;

/** Everything that a caller is answered about an ended task, over tRPC, streams and REST, as one text. */
async function allAnswers(stack: System, name: 'plain' | 'forOperators' | 'secret', id: string, who: string) {
  const gateway = stack.gateways[0];
  if (!gateway) throw new Error('There is no gateway.');
  const tasks = stack.tasksOf(gateway, { 'x-who': who });
  const task = tasks[name].handle(id);
  const answers: unknown[] = [await tasks.$tasks.get(id), await task.record(), await task.outcome()];
  for await (const event of task.events()) answers.push(event);
  for await (const event of tasks.$tasks.watch({ ids: [id], lastEventId: '0' })) {
    answers.push(event);
    if (event.type === 'event' && event.event.type === 'failed') break;
  }
  for (const path of [`/v1/tasks/${id}`, `/v1/tasks/${id}/result`, `/v1/tasks/${id}/events`]) {
    const response = await fetch(`${gateway.url}${path}`, { headers: { 'x-who': who } });
    answers.push(await response.text());
  }
  const text = JSON.stringify(answers);
  // In each of them is why it failed.
  expect(text.split('connect ECONNREFUSED').length - 1).toBeGreaterThanOrEqual(answers.length - 2);
  return text;
}

describe.each<
  [
    ExposeStack | undefined,
    readonly [name: 'plain' | 'forOperators' | 'secret', who: string, sees: boolean][],
  ]
>([
  [
    undefined,
    [
      ['plain', 'alice', false],
      ['plain', 'olga/operator', true],
      ['forOperators', 'olga/operator', true],
      ['secret', 'olga/operator', false],
    ],
  ],
  [
    'owners',
    [
      ['plain', 'alice', true],
      ['plain', 'olga/operator', true],
      ['forOperators', 'alice', false],
      ['forOperators', 'olga/operator', true],
      ['secret', 'alice', false],
    ],
  ],
  [
    'nobody',
    [
      ['plain', 'alice', false],
      ['plain', 'olga/operator', false],
      ['secret', 'olga/operator', false],
    ],
  ],
])('a gateway with exposeStack %s', (exposeStack, rows) => {
  it('shows stacks to those alone who may see them, and causes to all', async () => {
    await using stack = await system(exposeStack);
    for (const [name, who, sees] of rows) {
      const task = await stack.tasks[name].start({});
      await within('the end', task.outcome());
      const text = await allAnswers(stack, name, task.id, who);
      expect(text.includes('exposed.test.ts'), `${name} for ${who}`).toBe(sees);
    }
  });
});

it('the stack of a definition that exposes it to nobody does not leave the executor', async () => {
  await using stack = await system('owners');
  const task = await stack.tasks.secret.start({});
  await within('the end', task.outcome());
  expect(JSON.stringify(await stack.events(task.id))).not.toContain('exposed.test.ts');
});

it('TaskFailedError.cause is a real chain of errors, and AggregateErrors have their members', async () => {
  await using stack = await system('owners');
  const task = await stack.tasks.plain.start({});
  const error: unknown = await within('the end', task.result()).catch((error: unknown) => error);
  if (!(error instanceof TaskFailedError)) throw error;
  expect(error.message).toBe('HANDLER_ERROR: top');
  const thrown = error.cause as Error;
  expect(thrown).toBeInstanceOf(Error);
  expect(thrown).toMatchObject({
    name: 'RangeError',
    message: 'top',
    stack: expect.stringContaining('exposed.test.ts'),
  });
  const both = thrown.cause as AggregateError;
  expect(both).toBeInstanceOf(AggregateError);
  expect(both.errors).toMatchObject([{ name: 'TypeError', message: 'fetch failed' }, { message: 'other' }]);
  expect((both.errors[0] as Error).cause).toMatchObject({
    code: 'ECONNREFUSED',
    message: 'connect ECONNREFUSED 127.0.0.1:1',
  });
});

it('a declared error keeps its data, typed, beside what was thrown', async () => {
  await using stack = await system();
  const task = await stack.tasks.declared.start({});
  const error: unknown = await within('the end', task.result()).catch((error: unknown) => error);
  if (!task.isFailure(error) || error.failure.code !== 'REFUSED') throw error;
  expect(error.failure.data.by).toBe('the shop');
  expect(error.failure).toMatchObject({ name: 'TaskError', message: 'No.' });
});
