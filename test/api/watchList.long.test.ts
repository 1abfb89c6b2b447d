import type { ListChange } from '@longhaul/proto/wire';
import { startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { countRunning } from '../../examples/watchList.ts';
import { expectShown } from '../examples/expectShown.ts';

let stack: Awaited<ReturnType<typeof startStack<typeof scriptedContract>>>;
beforeAll(async () => {
  stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    gateway: {
      authenticate: ({ headers }) => ({
        owner: String(headers['x-owner'] ?? 'local'),
        role: headers['x-owner'] ? 'user' : 'admin',
      }),
    },
  });
});
afterAll(() => stack[Symbol.asyncDispose]());

/** Follows the changes of a caller, from `open` on. */
async function follow(owner?: string) {
  const tasks = stack.tasksOf(stack.gateways[0]!, owner === undefined ? {} : { 'x-owner': owner });
  const left = new AbortController();
  const changes = tasks.$tasks.watchList({ signal: left.signal });
  const next = async () => {
    const { value } = await within('a change', changes.next());
    return value as ListChange;
  };
  expect(await next()).toEqual({ type: 'open' });
  return {
    tasks,
    next,
    /** The next change in which a task stands so. */
    until: async (id: string, status: string) => {
      for (;;) {
        const change = await next();
        if (change.type === 'changed' && change.tasks.some(task => task.id === id && task.status === status))
          return change;
      }
    },
    stop: () => left.abort(),
  };
}

describe('what changes in lists', () => {
  it('tells of a task before it has begun, while it runs and when it has ended', async () => {
    const { tasks, until, stop } = await follow();
    const task = await tasks.script.hang.start({}, { delayMs: 1_000 });
    await until(task.id, 'SCHEDULED');
    await until(task.id, 'RUNNING');
    await task.cancel();
    await until(task.id, 'CANCELED');
    stop();
  });

  it('tells of a task that changes often only how it stands', async () => {
    const { tasks, next, stop } = await follow();
    const task = await tasks.script.count.start({ steps: 400, stepMs: 2 });
    let told = 0;
    for (let ended = false; !ended; ) {
      const change = await next();
      if (change.type !== 'changed') continue;
      const mine = change.tasks.filter(({ id }) => id === task.id);
      expect(mine.length).toBeLessThanOrEqual(1);
      told += mine.length;
      ended = mine[0]?.status === 'COMPLETED';
    }
    expect(told).toBeLessThan(50);
    stop();
  });

  it('is of the caller’s own tasks alone (owner-only)', async () => {
    const anna = await follow('anna');
    const others = await stack
      .tasksOf(stack.gateways[0]!, { 'x-owner': 'ben' })
      .script.echo.start({ text: 'ben' });
    await others.result();
    const own = await anna.tasks.script.echo.start({ text: 'anna' });
    const change = await anna.until(own.id, 'COMPLETED');
    expect(change.tasks.map(({ owner }) => owner)).toEqual(['anna']);
    anna.stop();
  });

  it('begins again with open when the gateway was restarted, and tells that it was lost', async () => {
    const gateway = await stack.addGateway();
    const { port } = gateway;
    const lost = Promise.withResolvers<void>();
    const left = new AbortController();
    const changes = stack
      .tasksOf(gateway)
      .$tasks.watchList({ signal: left.signal, onLost: () => lost.resolve() });
    expect((await within('the first', changes.next())).value).toEqual({ type: 'open' });
    const again = changes.next();
    await gateway.stop();
    await within('the loss', lost.promise);
    await stack.addGateway({ port });
    expect((await within('the second', again)).value).toEqual({ type: 'open' });
    left.abort();
  });
});

describe('a list', () => {
  it('is filtered by a text in id, name, owner and error code', async () => {
    const { $tasks, script } = stack.tasksOf(stack.gateways[0]!, { 'x-owner': 'Clara' });
    const echoed = await script.echo.start({ text: '' });
    const failed = await script.fail.start({ declared: true });
    await Promise.all([echoed.outcome(), failed.outcome()]);
    const found = async (text: string) => (await $tasks.list({ text })).tasks.map(({ id }) => id);
    expect(await found('ECHO')).toEqual([echoed.id]);
    expect(await found('refused')).toEqual([failed.id]);
    expect(await found(failed.id.slice(-12))).toEqual([failed.id]);
    expect(await found('clara')).toHaveLength(2);
    expect(await found('nothing')).toEqual([]);
  });
});

describe('the example of a page of one’s own', () => {
  it('counts what runs', async () => {
    const left = new AbortController();
    const counts: number[] = [];
    let changed = Promise.withResolvers<void>();
    const counting = countRunning(
      stack.gateways[0]!.url,
      count => {
        counts.push(count);
        changed.resolve();
      },
      left.signal,
    );
    const until = async (wanted: number) => {
      while (counts.at(-1) !== wanted) {
        await within(`${wanted} running`, changed.promise);
        changed = Promise.withResolvers();
      }
    };
    await until(0);
    const one = await stack.tasks.script.hang.start({});
    const two = await stack.tasks.script.hang.start({});
    await until(2);
    await one.cancel();
    await until(1);
    await two.cancel();
    await until(0);
    left.abort();
    await counting;
  });

  it('is shown as it is', () => expectShown('docs/guides/console.md', 'watchList'));
});
