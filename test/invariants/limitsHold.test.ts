import { setTimeout as delay } from 'node:timers/promises';
import { createExecutor } from '@longhaul/executor';
import { type Rate, rateSchema } from '@longhaul/proto/wire';
import { eventThat, recordThat, startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers, spawnExecutor } from '@longhaul/testkit';
import { TRPCClientError } from '@trpc/client';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { lab, limitRecord, numbers, permitsThat } from './limitLab.ts';

/** What most tests share: they leave nothing running, and each uses other names or keys. */
let shared: Awaited<ReturnType<typeof lab>>;
beforeAll(async () => {
  shared = await lab();
});
afterAll(() => shared.stack[Symbol.asyncDispose]());
beforeEach(() => shared.bench.forget());

describe('limits-hold', () => {
  it('never runs more tasks of a name at once than it may, across executors', async () => {
    const { stack, bench } = shared;
    bench.hold(0);
    bench.hold(1);
    const started = await stack.tasks.lab.pair.startMany(numbers(40));
    // Others may come before one of these; both hold a permit at last, and then nobody else can.
    await expect
      .poll(() => bench.running.get('pair.main') === 2 && [0, 1].every(n => bench.order.includes(n)))
      .toBe(true);
    bench.release(0);
    bench.release(1);
    await Promise.all(
      started.map(result => (result.ok ? result.task.result() : Promise.reject(result.error))),
    );
    expect(bench.most.get('pair.main')).toBe(2);
    expect(bench.order).toHaveLength(40);
    await permitsThat(
      stack,
      'nobody has a permit',
      'permits.lab.pair',
      ({ holders }) => holders.length === 0,
    );
  });

  it('runs tasks of one key one by one and in the order of their starts, and other keys meanwhile', async () => {
    const { stack, bench } = shared;
    const { byStage } = stack.tasks.lab;
    bench.hold(0);
    const first = await byStage.start({ stage: 'a', number: 0 });
    const line = [];
    for (let number = 1; number <= 12; number += 1) line.push(await byStage.start({ stage: 'a', number }));
    expect(await byStage.run({ stage: 'b', number: 100 })).toMatchObject({ status: 'COMPLETED' });
    await permitsThat(stack, 'twelve wait', 'keyed.a.lab.byStage', ({ waiting }) => waiting.length === 12);
    expect(bench.order).toEqual([0, 100]);
    bench.release(0);
    await Promise.all([first, ...line].map(task => task.result()));
    expect(bench.order).toEqual([0, 100, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(bench.most.get('byStage.a')).toBe(1);
  });

  it('keeps to several limits at once', async () => {
    const { stack, bench } = shared;
    const tasks = ['a', 'b', 'c', 'd', 'e'].flatMap(stage =>
      numbers(5).map(({ input }) => ({ input: { ...input, stage } })),
    );
    const started = await stack.tasks.lab.either.startMany(tasks);
    await Promise.all(
      started.map(result => (result.ok ? result.task.result() : Promise.reject(result.error))),
    );
    expect(bench.order).toHaveLength(25);
    expect(bench.most.get('either')).toBeLessThanOrEqual(3);
  });

  it('gives waiting tasks no slot, so others run; and lets them be canceled', async () => {
    const { stack, bench } = await lab(1, 1);
    await using _stack = stack;
    bench.hold(0);
    const first = await stack.tasks.lab.byStage.start({ number: 0 });
    await eventThat(stack.broker, 'it runs', ({ id, event }) => id === first.id && event.type === 'started');
    await stack.addExecutor();
    const second = await stack.tasks.lab.byStage.start({ number: 1 });
    const third = await stack.tasks.lab.byStage.start({ number: 2 });
    const key = 'keyed.main.lab.byStage';
    await permitsThat(stack, 'two wait', key, ({ waiting }) => waiting.length === 2);
    // The only free slot is not theirs.
    await stack.tasks.lab.pair.run({ number: 50 });
    expect(await second.cancel()).toMatchObject({ alreadyEnded: false });
    expect(await second.outcome()).toMatchObject({ status: 'CANCELED' });
    bench.release(0);
    expect(await third.result()).toEqual({ number: 2 });
    expect(bench.order).toEqual([0, 50, 2]);
    expect((await second.record()).attempts).toEqual([]);
  });

  it('refuses a start while the key is busy, and names the task that runs', async () => {
    const { stack, bench } = shared;
    bench.hold(0);
    const first = await stack.tasks.lab.move.start({ number: 0 }, { idempotencyKey: 'once' });
    const refusal = (await stack.tasks.lab.align
      .start({})
      .catch((error: unknown) => error)) as TRPCClientError<never>;
    expect(refusal).toBeInstanceOf(TRPCClientError);
    expect(refusal.data).toMatchObject({
      code: 'CONFLICT',
      httpStatus: 409,
      reason: 'TASK_BUSY',
      taskId: first.id,
    });
    expect(refusal.message).toContain(first.id);
    // Another stage is free; the same start again is the same task; and nobody learns of another owner's.
    expect(await stack.tasks.lab.move.run({ stage: 'b', number: 1 })).toMatchObject({ status: 'COMPLETED' });
    expect((await stack.tasks.lab.move.start({ number: 0 }, { idempotencyKey: 'once' })).id).toBe(first.id);
    const [gateway] = stack.gateways;
    if (!gateway) throw new Error('There is no gateway.');
    const bob = stack.tasksOf(gateway, { 'x-owner': 'bob' });
    const others = (await bob.lab.move.start({}).catch((error: unknown) => error)) as TRPCClientError<never>;
    expect(others.data).toMatchObject({ reason: 'TASK_BUSY' });
    expect(JSON.stringify([others.data, others.message])).not.toContain(first.id);
    bench.release(0);
    await first.result();
    expect(await bob.lab.align.run({ number: 3 })).toMatchObject({ status: 'COMPLETED' });
    expect(bench.most.get('stages.main')).toBe(1);
  });

  it('accepts one of many starts at once, and keeps its permit between its attempts', async () => {
    const { stack, bench } = shared;
    await stack.addGateway();
    bench.hold(-1);
    const clients = stack.gateways.map(gateway => stack.tasksOf(gateway));
    const starts = await Promise.allSettled(
      clients.flatMap(tasks =>
        Array.from({ length: 8 }, () => tasks.lab.move.start({ stage: 'race', number: -1 })),
      ),
    );
    const accepted = starts.flatMap(start => (start.status === 'fulfilled' ? [start.value] : []));
    expect(accepted).toHaveLength(1);
    const [task] = accepted;
    if (!task) throw new Error('None was accepted.');
    await recordThat(
      stack.broker,
      'the second attempt',
      ({ id, attempt }) => id === task.id && attempt === 2,
    );
    await expect(stack.tasks.lab.align.start({ stage: 'race' })).rejects.toThrow(task.id);
    bench.release(-1);
    await task.result();
  });

  it('frees the permit of a task that was canceled before anybody ran it', async () => {
    const { stack } = await lab(0);
    await using _stack = stack;
    const first = await stack.tasks.lab.move.start({});
    await expect(stack.tasks.lab.move.start({})).rejects.toThrow(first.id);
    await first.cancel();
    const second = await stack.tasks.lab.move.start({});
    await expect(stack.tasks.lab.move.start({})).rejects.toThrow(second.id);
  });

  it('keeps the permit of a handler that ignores its signal until that has really ended', async () => {
    const { stack, bench } = shared;
    bench.hold(0);
    const first = await stack.tasks.lab.stubborn.start({ number: 0 });
    await eventThat(stack.broker, 'it runs', ({ id, event }) => id === first.id && event.type === 'started');
    await first.cancel();
    await recordThat(
      stack.broker,
      'canceled',
      ({ id, handlerStillRunning }) => id === first.id && !!handlerStillRunning,
    );
    const second = await stack.tasks.lab.stubborn.start({ number: 1 });
    await permitsThat(stack, 'it waits', 'permits.lab.stubborn', ({ waiting }) => waiting.length === 1);
    // Long enough for the one that waits to look after the holder, which has ended by its events.
    await delay(1_500);
    expect(bench.order).toEqual([0]);
    bench.release(0);
    expect(await second.result()).toEqual({ number: 1 });
    expect(bench.most.get('stubborn')).toBe(1);
  });

  it('frees the permit of an executor that was killed, also when nobody takes its task over', async () => {
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers: scriptedHandlers,
      executors: 0,
    });
    await using victim = await spawnExecutor({ natsUrl: inject('natsUrl'), namespace: stack.namespace });
    const held = await stack.tasks.script.hangAlone.start({ key: 'lift' });
    await eventThat(stack.broker, 'it runs', ({ id, event }) => id === held.id && event.type === 'started');
    const { oneByOne } = scriptedContract.script;
    await using _other = await createExecutor({
      contract: { script: { oneByOne } },
      handlers: { script: { oneByOne: scriptedHandlers.script.oneByOne } },
      nats: { servers: inject('natsUrl') },
      namespace: stack.namespace,
    });
    const next = await stack.tasks.script.oneByOne.start({ key: 'lift' });
    await permitsThat(stack as never, 'it waits', 'keyed.lift.alone', ({ waiting }) => waiting.length === 1);
    await victim.kill();
    expect(await within('the freed permit', next.result())).toEqual({ key: 'lift' });
  });

  it('begins no more attempts in an interval than the rate says, and the others stay cancellable', async () => {
    const { stack, bench } = shared;
    const started = await stack.tasks.lab.rare.startMany(numbers(5));
    const tasks = started.map(result => (result.ok ? result.task : expect.fail(result.error.message)));
    const began = new Set<string>();
    await eventThat(
      stack.broker,
      'three ends',
      ({ id, name }) => name === 'lab.rare' && began.add(id).size === 3,
    );
    await stack.tasks.lab.pair.run({ number: 50 });
    expect(bench.order).toHaveLength(4);
    const waiting = tasks.filter(task => !began.has(task.id));
    const rate = await limitRecord<Rate>(stack, 'rate.lab.rare', rateSchema);
    expect(rate?.begun).toHaveLength(3);
    await Promise.all(waiting.map(task => task.cancel()));
    for (const task of waiting) expect(await task.outcome()).toMatchObject({ status: 'CANCELED' });
  });

  it('lets those that wait for the rate begin when their turn comes', async () => {
    const { stack, bench } = shared;
    const started = await stack.tasks.lab.paced.startMany(numbers(7));
    await Promise.all(
      started.map(result => (result.ok ? result.task.result() : Promise.reject(result.error))),
    );
    expect(bench.order.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('releases waiting tasks at once when their executor stops, without using up an attempt', async () => {
    const { stack, bench } = await lab(1);
    await using _stack = stack;
    bench.hold(0);
    const first = await stack.tasks.lab.byStage.start({ number: 0 });
    const second = await stack.tasks.lab.byStage.start({ number: 1 });
    const key = 'keyed.main.lab.byStage';
    await permitsThat(stack, 'one waits', key, ({ waiting }) => waiting.length === 1);
    await stack.addExecutor();
    const stopped = stack.executors[0]?.stop();
    // The order stays: it waits at the other executor now.
    await delay(50);
    bench.release(0);
    await Promise.all([first.result(), second.result(), stopped]);
    const { attempts } = await recordThat(
      stack.broker,
      'its end',
      ({ id, status }) => id === second.id && status === 'COMPLETED',
    );
    expect(attempts).toHaveLength(1);
    expect(bench.order).toEqual([0, 1]);
  });
});
