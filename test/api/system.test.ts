import { hostname } from 'node:os';
import type { SystemEvent } from '@longhaul/proto/wire';
import { eventThat, recordThat, startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers, spawnExecutor } from '@longhaul/testkit';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

const natsUrl = inject('natsUrl');
const byHeader = ({ headers }: { headers: Readonly<Record<string, string | string[] | undefined>> }) => {
  const owner = String(headers['x-owner']);
  const role = owner === 'oper' ? 'operator' : owner === 'root' ? 'admin' : 'user';
  return { owner, role } as const;
};
const system = () =>
  startStack({
    natsUrl,
    contract: scriptedContract,
    handlers: scriptedHandlers,
    gateway: { authenticate: byHeader },
    executor: { concurrency: 3, id: 'executor-a' },
  });

let stack: Awaited<ReturnType<typeof system>>;
beforeAll(async () => {
  stack = await system();
});
afterAll(() => stack[Symbol.asyncDispose]());

const as = (owner: string, gateway = stack.gateways[0]!) => stack.tasksOf(gateway, { 'x-owner': owner });
const until = <T>(what: string, ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> =>
  within(
    what,
    (async () => {
      for (;;) {
        const answer = await ask();
        if (fits(answer)) return answer;
      }
    })(),
  );
const isRunning = (id: string) =>
  recordThat(stack.broker, `${id} runs`, record => record.id === id && record.status === 'RUNNING');

describe('the overview', () => {
  it('shows who executes, and to a user only the own tasks of what runs', async () => {
    const [ann, bob] = [await as('ann').script.hang.start({}), await as('bob').script.hang.start({})];
    await Promise.all([isRunning(ann.id), isRunning(bob.id)]);
    const both = await until(
      'both run',
      () => as('oper').$system.executors(),
      ([executor]) => executor?.running.length === 2,
    );
    expect(both).toEqual([
      {
        id: 'executor-a',
        host: hostname(),
        version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
        startedAt: expect.stringMatching(/^20/),
        // Of this machine, whose clock nats-server goes by as well.
        clockAheadMs: expect.any(Number),
        lastSeenAt: expect.stringMatching(/^20/),
        responding: true,
        slots: 3,
        tasks: expect.arrayContaining(['script.echo', 'script.hang']),
        runningCount: 2,
        running: expect.arrayContaining([
          { id: ann.id, name: 'script.hang', attempt: 1 },
          { id: bob.id, name: 'script.hang', attempt: 1 },
        ]),
      },
    ]);
    const [seen] = await as('ann').$system.executors();
    expect(seen).toMatchObject({ runningCount: 2, running: [{ id: ann.id }] });
    expect((await as('eve').$system.executors())[0]).toMatchObject({ running: [] });
    await Promise.all([ann.cancel(), bob.cancel()]);
    await Promise.all([ann.outcome(), bob.outcome()]);
  });

  it('shows for a while that an executor does not answer any more', async () => {
    await using doomed = await spawnExecutor({ natsUrl, namespace: stack.namespace, id: 'executor-b' });
    const responding = (all: { id: string; responding: boolean }[]) =>
      all.map(({ id, responding: here }) => `${id} ${here}`);
    const look = () => as('oper').$system.executors();
    await until('both', look, all => responding(all).join() === 'executor-a true,executor-b true');
    await doomed.kill();
    await until('one', look, all => responding(all).join() === 'executor-a true,executor-b false');
  });

  it('counts queues for an operator as the server does, and for a user the own tasks', async () => {
    const admin = as('root');
    await admin.$types.pause('script.count');
    const waiting = [
      await as('ann').script.count.start({ steps: 1 }, { priority: 'high' }),
      await as('ann').script.count.start({ steps: 1 }),
      await as('bob').script.count.start({ steps: 1 }),
      await as('bob').script.count.start({ steps: 1 }, { delayMs: 3_600_000 }),
    ];
    const queueOf = async (owner: string) =>
      (await as(owner).$system.queues()).find(({ name }) => name === 'script.count');
    const all = await until(
      'all wait',
      () => queueOf('oper'),
      queue => queue?.pending.normal === 2 && queue.paused,
    );
    const none = { name: 'script.count', paused: true, scheduled: 0, running: 0, retrying: 0, stopping: 0 };
    expect(all).toEqual({ ...none, pending: { high: 1, normal: 2, low: 0 }, scheduled: 1, delivered: 0 });
    expect(await queueOf('ann')).toEqual({ ...none, pending: { high: 1, normal: 1, low: 0 } });
    expect(await queueOf('bob')).toEqual({ ...none, pending: { high: 0, normal: 1, low: 0 }, scheduled: 1 });
    expect(await queueOf('eve')).toEqual({ ...none, pending: { high: 0, normal: 0, low: 0 } });
    for (const task of waiting) await task.cancel();
    await admin.$types.resume('script.count');
  });

  it('tells how much was done, the same from every gateway, also from one that has just started', async () => {
    const totals = async (owner: string, gateway = stack.gateways[0]!, name = 'script.fail') => {
      const { buckets } = await as(owner, gateway).$system.throughput({
        name,
        lastMs: 3_600_000,
        buckets: 60,
      });
      expect(buckets.length).toBe(60);
      const sum = (of: 'created' | 'started' | 'failed' | 'completed') =>
        buckets.reduce((total, bucket) => total + bucket[of], 0);
      return [sum('created'), sum('started'), sum('failed'), sum('completed')].join();
    };
    await as('ann').script.fail.run({ declared: true });
    await as('ann').script.fail.run({ declared: true });
    await as('bob').script.fail.run({ declared: false });
    await until(
      'all three',
      () => totals('oper'),
      seen => seen === '3,3,3,0',
    );
    await until(
      "ann's",
      () => totals('ann'),
      seen => seen === '2,2,2,0',
    );
    expect(await totals('eve')).toBe('0,0,0,0');
    const fresh = await stack.addGateway();
    expect(await totals('oper', fresh)).toBe('3,3,3,0');
    const { buckets } = await as('bob', fresh).$system.throughput({ name: 'script.fail' });
    const [ended] = buckets.filter(({ failed }) => failed > 0);
    expect(ended?.runningMs?.p95).toBeLessThan(20_000);
    expect(ended?.waitingMs).toBeDefined();
  });

  it('is a live stream as well, which ends with its reader', async () => {
    const leaving = new AbortController();
    const seen: SystemEvent[] = [];
    const hanging = await as('ann').script.hang.start({});
    await eventThat(stack.broker, 'runs', ({ id, event }) => id === hanging.id && event.type === 'started');
    const stream = as('ann').$system.watch({
      intervalMs: 1_000,
      throughput: { buckets: 1 },
      signal: leaving.signal,
    });
    for await (const event of stream) {
      seen.push(event);
      const queue = event.type === 'snapshot' && event.queues.find(({ name }) => name === 'script.hang');
      if (queue && queue.running === 1) void hanging.cancel();
      if (queue && queue.running === 0 && seen.length > 1) leaving.abort();
    }
    expect(seen[0]).toMatchObject({
      type: 'snapshot',
      executors: expect.arrayContaining([expect.objectContaining({ id: 'executor-a' })]),
      throughput: { partial: false },
    });
    expect(seen.at(-1)?.type).toBe('snapshot');
    await until(
      'the stream is closed',
      async () => (await fetch(`${stack.gateways[0]!.url}/metrics`)).text(),
      text => text.includes('\nlonghaul_streams 0\n'),
    );
  });

  it('says in its stream that NATS does not answer, and continues', async () => {
    const nats = await connect({ servers: natsUrl });
    const gateway = await stack.addGateway({ nats });
    const stream = as('ann', gateway).$system.watch({ intervalMs: 1_000 });
    expect((await stream.next()).value).toMatchObject({ type: 'snapshot' });
    await nats.close();
    expect((await stream.next()).value).toMatchObject({ type: 'unavailable' });
    expect((await stream.next()).value).toMatchObject({ type: 'unavailable' });
    await stream.return();
  });

  it('refuses what it cannot draw', async () => {
    await expect(as('ann').$system.throughput({ buckets: 241 })).rejects.toThrow('buckets');
    await expect(as('ann').$system.throughput({ lastMs: 1 })).rejects.toThrow('lastMs');
  });
});
