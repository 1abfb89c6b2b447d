import { defineContract, defineTask } from '@longhaul/proto';
import { type Stack, startStack } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { afterEach, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { byHeader } from '../api/callers.ts';

let stack: Stack<ScriptedContract>;
afterEach(() => stack[Symbol.asyncDispose]());
const start = async (concurrency = 4) => {
  stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    executor: { concurrency },
    gateway: { authenticate: byHeader },
  });
};
const of = (owner: string) => stack.tasksOf(stack.gateways[0] ?? { url: '' }, { 'x-owner': owner });
const runningOf = async (owner: string) =>
  (await of(owner).$tasks.list({ status: ['RUNNING'], limit: 100 })).tasks.map(({ id }) => id);

it('fairness between owners: slow tasks of one do not hold all slots while another one’s short task waits', async () => {
  await start();
  const [ann, bob] = [of('ann'), of('bob')];
  await bob.script.echo.run({ text: 'here' });
  const slow = await Promise.all(Array.from({ length: 30 }, () => ann.script.hang.start({})));
  await expect.poll(() => runningOf('ann'), { timeout: 30_000 }).toHaveLength(3);

  // Behind ann's backlog, of the same type, again and again.
  for (let n = 0; n < 3; n += 1) {
    const task = await bob.script.hang.start({});
    await expect.poll(() => runningOf('bob'), { timeout: 30_000 }).toEqual([task.id]);
    expect(await runningOf('ann')).toHaveLength(3);
    await task.cancel();
  }
  expect(await bob.script.echo.run({ text: 'still' })).toMatchObject({ status: 'COMPLETED' });

  // What was passed over has cost no attempt and no event, and has its turn when a slot of its owner's is free.
  const running = new Set(await runningOf('ann'));
  const waiting = slow.filter(({ id }) => !running.has(id));
  for (const { id } of waiting) expect(await stack.events(id)).toEqual([]);
  const [first = ''] = running;
  await ann.script.hang.handle(first).cancel();
  await expect
    .poll(async () => (await runningOf('ann')).filter(id => !running.has(id)), { timeout: 30_000 })
    .toHaveLength(1);
  await ann.$tasks.cancelMany({});
}, 60_000);

it('fairness between owners: one who is alone has every slot, and each again as soon as it is free', async () => {
  await start();
  const ann = of('ann');
  for (let n = 0; n < 8; n += 1) await ann.script.hang.start({});
  await expect.poll(() => runningOf('ann'), { timeout: 30_000 }).toHaveLength(4);
  const before = await runningOf('ann');
  for (const id of before.slice(0, 2)) await ann.script.hang.handle(id).cancel();
  await expect
    .poll(async () => (await runningOf('ann')).filter(id => !before.includes(id)), { timeout: 30_000 })
    .toHaveLength(2);
  await ann.$tasks.cancelMany({});
}, 60_000);

it('fairness between owners: with ownerShare 1 the queue alone decides', async () => {
  const contract = defineContract({
    free: { wait: defineTask({ input: z.object({}), output: z.object({}), ownerShare: 1 }) },
  });
  await using open = await startStack({
    natsUrl: inject('natsUrl'),
    contract,
    handlers: {
      free: {
        wait: ({ signal }) =>
          new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      },
    },
    executor: { concurrency: 4 },
    gateway: { authenticate: byHeader },
  });
  await start();
  const gateway = open.gateways[0] ?? { url: '' };
  const [ann, bob] = [
    open.tasksOf(gateway, { 'x-owner': 'ann' }),
    open.tasksOf(gateway, { 'x-owner': 'bob' }),
  ];
  const first = await bob.free.wait.start({});
  for (let n = 0; n < 6; n += 1) await ann.free.wait.start({});
  await first.cancel();
  await expect
    .poll(async () => (await ann.$tasks.list({ status: ['RUNNING'] })).tasks, { timeout: 30_000 })
    .toHaveLength(4);
  await ann.$tasks.cancelMany({});
}, 60_000);

it.each([4, 1])(
  'fairness between owners: a new one behind a backlog of 200 begins within the next two ends, with %d slots',
  async concurrency => {
    await start(concurrency);
    const [ann, bob] = [of('ann'), of('bob')];
    const backlog = await ann.script.hang.startMany(Array.from({ length: 200 }, () => ({ input: {} })));
    const ids = backlog.map(started => (started.ok ? started.task.id : ''));
    await expect.poll(() => runningOf('ann'), { timeout: 30_000 }).toHaveLength(concurrency);
    // In the order of their starts, though the requests behind them were looked at.
    expect((await runningOf('ann')).toSorted()).toEqual(ids.slice(0, concurrency).toSorted());

    const task = await bob.script.hang.start({});
    for (let ends = 0; ends < 2 && (await runningOf('bob')).length === 0; ends += 1) {
      const before = await runningOf('ann');
      await ann.script.hang.handle(before[0] ?? '').cancel();
      const all = async () => [...(await runningOf('ann')), ...(await runningOf('bob'))];
      await expect
        .poll(async () => (await all()).filter(id => !before.includes(id)), { timeout: 30_000 })
        .toHaveLength(1);
    }
    expect(await runningOf('bob')).toEqual([task.id]);
    // Nobody's attempt was used up by it.
    expect(await bob.$tasks.get(task.id)).toMatchObject({ attempt: 1 });
    for (const id of ids.slice(-20)) expect(await stack.events(id)).toEqual([]);
    await ann.$tasks.cancelMany({});
    await bob.$tasks.cancelMany({});
  },
  60_000,
);

it('fairness between owners: the tasks of one who is alone begin in their order', async () => {
  await start(1);
  const ann = of('ann');
  const backlog = await ann.script.hang.startMany(Array.from({ length: 60 }, () => ({ input: {} })));
  for (const started of backlog.slice(0, 25)) {
    const id = started.ok ? started.task.id : '';
    await expect.poll(() => runningOf('ann'), { timeout: 30_000, interval: 20 }).toEqual([id]);
    await ann.script.hang.handle(id).cancel();
  }
  await ann.$tasks.cancelMany({});
}, 60_000);
