import { ChildStartError } from '@longhaul/executor';
import { inlineLimitBytes } from '@longhaul/proto/wire';
import { recordThat } from '@longhaul/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contract } from './contract.ts';
import { childrenOf, type Scripted, startFamilies } from './system.ts';

let families: Awaited<ReturnType<typeof startFamilies>>;
beforeAll(async () => {
  families = await startFamilies();
});
afterAll(() => families[Symbol.asyncDispose]());

/** Runs a parent that does what it is given, to its end. */
async function run(scripted: Scripted, concurrency?: number) {
  await using _executor = await families.executor(scripted, concurrency);
  const task = await families.stack.tasks.parent.scripted.start({}, { priority: 'high' });
  return { id: task.id, outcome: await task.outcome() };
}

describe('a handler that starts tasks', () => {
  it('gets their outputs, and the records link both ways', async () => {
    const { stack } = families;
    const { id, outcome } = await run(async ({ tasks }) => {
      const { add } = tasks(contract).child;
      const first = await add.start({ a: 1 });
      const second = await add.start({ a: 2, b: '3' }, { priority: 'low', key: 'second' });
      return { said: `${(await first.result()).sum} and ${(await second.result()).sum}` };
    });
    expect(outcome).toMatchObject({ status: 'COMPLETED', output: { said: '2 and 5' } });
    const parent = await stack.tasks.$tasks.get(id);
    expect(parent).toMatchObject({ childCount: 2, children: [{ name: 'child.add' }, { name: 'child.add' }] });
    const children = await childrenOf(stack, id);
    expect(children).toMatchObject([
      {
        owner: parent.owner,
        priority: 'normal',
        parent: { id, name: 'parent.scripted' },
        output: { sum: 2 },
      },
      { owner: parent.owner, priority: 'low', parent: { id, name: 'parent.scripted' }, output: { sum: 5 } },
    ]);
    const listed = async () => (await stack.tasks.$tasks.list({ parentId: id })).tasks;
    const ids = (tasks: readonly { readonly id: string }[]) => tasks.map(task => task.id).toSorted();
    await expect.poll(async () => ids(await listed()), { timeout: 30_000 }).toEqual(ids(children));
    expect((await listed())[0]).toMatchObject({ parentId: id });
  });

  it('belongs to its owner alone, and so do its children', async () => {
    const { stack } = families;
    const gateway = await stack.addGateway({
      authenticate: ({ headers }) => ({ owner: String(headers['x-owner']), role: 'user' }),
    });
    await using _executor = await families.executor(async ({ tasks }) => {
      const { sum } = await (await tasks(contract).child.add.start({ a: 1 })).result();
      return { said: String(sum) };
    });
    const ann = stack.tasksOf(gateway, { 'x-owner': 'ann@example.org' });
    const task = await ann.parent.scripted.start({});
    await task.result();
    // Lists follow the events, a moment behind the result.
    const childOf = async () => (await ann.$tasks.list({ parentId: task.id })).tasks[0];
    await expect
      .poll(childOf, { timeout: 30_000 })
      .toMatchObject({ owner: 'ann@example.org', name: 'child.add' });
    const child = await childOf();
    const ben = stack.tasksOf(gateway, { 'x-owner': 'ben' });
    expect((await ben.$tasks.list({ parentId: task.id })).tasks).toEqual([]);
    await expect(ben.$tasks.get(child?.id ?? '')).rejects.toMatchObject({
      data: { reason: 'TASK_NOT_FOUND' },
    });
  });

  it('sees the declared errors of a child, typed; uncaught they are its own failure', async () => {
    const caught = await run(async ({ tasks }) => {
      const child = await tasks(contract).child.refuse.start({});
      const error: unknown = await child.result().catch((thrown: unknown) => thrown);
      expect(await child.outcome()).toMatchObject({ status: 'FAILED', error: { code: 'REFUSED' } });
      if (!child.isFailure(error) || error.failure.code !== 'REFUSED') throw error;
      return { said: error.failure.data.by };
    });
    expect(caught.outcome).toMatchObject({ status: 'COMPLETED', output: { said: 'the child' } });
    const uncaught = await run(async ({ tasks }) => {
      await (await tasks(contract).child.refuse.start({})).result();
      return { said: 'not reached' };
    });
    expect(uncaught.outcome).toMatchObject({
      status: 'FAILED',
      error: { code: 'HANDLER_ERROR', message: expect.stringMatching(/child task .* REFUSED: No\./) },
    });
  });

  it('is told what is wrong with a start, before anything is written', async () => {
    const codes: string[] = [];
    const { id, outcome } = await run(async ({ tasks }) => {
      const { add, long } = tasks(contract).child;
      const starts = [
        () => add.start({ a: 0.5 }),
        () => add.start({ a: 1 }, { priority: 'urgent' as 'high' }),
        () => add.start({ a: 1 }, { key: '' }),
        () => long.start({ chars: 1 }, { idempotencyKey: 'no' } as object),
      ];
      for (const start of starts) {
        const error: unknown = await start().catch((thrown: unknown) => thrown);
        if (!(error instanceof ChildStartError)) throw error;
        codes.push(`${error.code} ${error.issues[0]?.path.join('.')}`);
      }
      return { said: 'refused' };
    });
    expect(outcome).toMatchObject({ status: 'COMPLETED' });
    expect(codes).toEqual([
      'INVALID_INPUT a',
      'INVALID_REQUEST priority',
      'INVALID_REQUEST key',
      'INVALID_REQUEST ',
    ]);
    expect(await families.stack.tasks.$tasks.get(id)).not.toHaveProperty('children');
  });

  it.each([
    ['too many values', () => Array.from({ length: 100_001 }, () => 12345), 'more than 100000 values'],
    [
      'too many names',
      () => Object.fromEntries(Array.from({ length: 30_000 }, (_, n) => [`name${n}`, 1])),
      'more than 10000 different names',
    ],
  ])('is refused an input with %s, as a client is, and nothing is written', async (_what, broad, why) => {
    const refusals: ChildStartError[] = [];
    const { id, outcome } = await run(async ({ tasks }) => {
      const { count } = tasks(contract).child;
      const error: unknown = await count.start({ json: broad() }).catch((thrown: unknown) => thrown);
      if (!(error instanceof ChildStartError)) throw error;
      refusals.push(error);
      // What is only large is taken, and so is what comes after the refusal.
      const child = await count.start({ json: 'x'.repeat(2 * inlineLimitBytes) });
      return { said: String((await child.result()).chars) };
    });
    expect(outcome).toMatchObject({ output: { said: String(2 * inlineLimitBytes + 2) } });
    expect(refusals).toMatchObject([{ code: 'TOO_MANY_VALUES', message: expect.stringContaining(why) }]);
    expect(refusals[0]?.message).toContain('the input of child.count');
    const links = (await families.stack.events(id)).filter(({ event }) => event.type === 'child');
    expect(links).toHaveLength(1);
  });

  it('has large outputs of children whole', async () => {
    const chars = 2 * inlineLimitBytes;
    const { outcome } = await run(async ({ tasks }) => {
      const { text } = await (await tasks(contract).child.long.start({ chars })).result();
      return { said: String(text.length) };
    });
    expect(outcome).toMatchObject({ output: { said: String(chars) } });
  });

  it('finds its children again in its next attempt, and does not start them twice', async () => {
    const { stack } = families;
    const ids: string[][] = [];
    const { id, outcome } = await run(async ({ tasks, attempt }) => {
      const { add } = tasks(contract).child;
      const started = await Promise.all([1, 2, 3].map(a => add.start({ a })));
      started.push(await add.start({ a: 9 }, { key: `of attempt ${attempt}` }));
      ids.push(started.map(child => child.id));
      if (attempt === 1) throw new Error('once more');
      const sums = await Promise.all(started.map(child => child.result()));
      return { said: sums.map(({ sum }) => sum).join() };
    });
    expect(outcome).toMatchObject({ status: 'COMPLETED', output: { said: '2,3,4,10' } });
    expect(ids[1]?.slice(0, 3)).toEqual(ids[0]?.slice(0, 3));
    expect(ids[1]?.[3]).not.toBe(ids[0]?.[3]);
    const links = (await stack.events(id)).filter(({ event }) => event.type === 'child');
    expect(links).toHaveLength(5);
    expect(await stack.tasks.$tasks.get(id)).toMatchObject({ childCount: 5 });
    for (const child of await childrenOf(stack, id)) expect(child.attempt).toBe(1);
  });

  it('is refused another input under the same key, in the same attempt and in the next', async () => {
    const messages: string[] = [];
    const note = (thrown: unknown) => {
      if (!(thrown instanceof ChildStartError) || thrown.code !== 'IDEMPOTENCY_CONFLICT') throw thrown;
      messages.push(thrown.message);
    };
    const { outcome } = await run(async ({ tasks, attempt }) => {
      const { add } = tasks(contract).child;
      const first = await add.start({ a: 1 }, { key: 'k' });
      expect((await add.start({ a: 1 }, { key: 'k' })).id).toBe(first.id);
      await add.start({ a: 2 }, { key: 'k' }).catch(note);
      await add.start({ a: attempt }).catch(note);
      if (attempt === 1) throw new Error('once more');
      return { said: String(messages.length) };
    });
    expect(outcome).toMatchObject({ output: { said: '3' } });
    expect(messages[0]).toMatch(/key "k"/);
    expect(messages[2]).toMatch(/Start 1 of child.add had another input in an earlier attempt/);
  });
});

describe('an executor with one slot', () => {
  it.each([1, 2])('runs parents of parents of its own to their end (%i slots)', async slots => {
    const { stack } = families;
    await using executor = await families.executor(() => ({ said: '' }), slots);
    const parents = await Promise.all([4, 3, 2].map(depth => stack.tasks.parent.deep.start({ depth })));
    const sums = await Promise.all(parents.map(task => task.result()));
    expect(sums).toEqual([{ sum: 10 }, { sum: 6 }, { sum: 3 }]);
    expect(executor.running()).toEqual([]);
  });

  it('runs a parent in a thread with its children, and cancels both', async () => {
    const { stack } = families;
    await using _executor = await families.threadedExecutor(1);
    const { threaded } = stack.tasks.parent;
    const said = async (input: Parameters<typeof threaded.start>[0]) =>
      (await (await threaded.start(input)).result()).said;
    expect(await said({ adds: 3 })).toBe('1,2,3');
    expect(await said({ do: 'refuse' })).toBe('refused by the child');
    expect(await said({ do: 'misuse' })).toBe('INVALID_INPUT at a');
    expect(await said({ do: 'broad' })).toBe('TOO_MANY_VALUES');

    const task = await threaded.start({ do: 'hang' });
    const child = await recordThat(
      stack.broker,
      'the child runs',
      ({ parent, status }) => parent?.id === task.id && status === 'RUNNING',
    );
    await task.cancel('enough');
    expect(await task.outcome()).toMatchObject({ status: 'CANCELED', reason: 'enough' });
    await recordThat(stack.broker, 'its end', ({ id, status }) => id === child.id && status === 'CANCELED');
  });
});
