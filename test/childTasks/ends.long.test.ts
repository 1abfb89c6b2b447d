import { eventThat, recordThat, startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers, spawnExecutor } from '@longhaul/testkit';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { contract } from './contract.ts';
import { eventOf, type Scripted, startFamilies } from './system.ts';

let families: Awaited<ReturnType<typeof startFamilies>>;
beforeAll(async () => {
  families = await startFamilies();
});
afterAll(() => families[Symbol.asyncDispose]());

const statusOf = (id: string, status: string) =>
  recordThat(
    families.stack.broker,
    `${id} is ${status}`,
    record => record.id === id && record.status === status,
  );

/** A parent of children that run, wait for an executor, wait for their time, and are detached. */
function parentOfMany(then: Scripted, begun = Promise.withResolvers<string[]>()) {
  const scripted: Scripted = async ctx => {
    const { hang, unserved } = ctx.tasks(contract).child;
    const children = await Promise.all([
      hang.start({}),
      unserved.start({}),
      hang.start({}, { delayMs: 60_000 }),
      hang.start({}, { detached: true }),
    ]);
    begun.resolve(children.map(({ id }) => id));
    return then(ctx);
  };
  return { scripted, children: begun.promise };
}
const untilAborted: Scripted = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

describe('the end of a parent', () => {
  it.each<{ how: string; does: Scripted; status: string; cancel?: true }>([
    { how: 'its cancel', does: untilAborted, status: 'CANCELED', cancel: true },
    {
      how: 'its failure',
      does: ({ error }) => {
        throw error('NO_GOOD', 'No.', {});
      },
      status: 'FAILED',
    },
    { how: 'its completion', does: () => ({ said: 'done' }), status: 'COMPLETED' },
  ])('cancels its children, those detached excepted: $how', async ({ does, status, cancel }) => {
    const { stack } = families;
    const { scripted, children } = parentOfMany(does);
    await using _executor = await families.executor(scripted);
    const task = await stack.tasks.parent.scripted.start({}, { policy: { maxAttempts: 1 } });
    const [running = '', pending = '', delayed = '', detached = ''] = await within('the children', children);
    await eventOf(stack, detached, 'started');
    if (cancel) {
      await eventOf(stack, running, 'started');
      await task.cancel('the shop is closed');
    }
    expect((await task.outcome()).status).toBe(status);
    const ended = await Promise.all([running, pending, delayed].map(id => statusOf(id, 'CANCELED')));
    for (const { cancelReason } of ended) expect(cancelReason).toContain(`parent.scripted ${task.id}`);
    if (cancel) expect(ended[0]?.cancelReason).toContain('the shop is closed');
    expect(await stack.tasks.$tasks.get(detached)).toMatchObject({
      status: 'RUNNING',
      parent: { id: task.id, detached: true },
    });
    await stack.tasks.$tasks.cancel(detached);
  });

  it('leaves a child alone while another attempt follows', async () => {
    const { stack } = families;
    const { scripted, children } = parentOfMany(({ attempt }) => {
      if (attempt === 1) throw new Error('once more');
      return { said: 'done' };
    });
    await using _executor = await families.executor(scripted);
    const task = await stack.tasks.parent.scripted.start(
      {},
      { policy: { backoff: { kind: 'fixed', delayMs: 500 } } },
    );
    const [running = '', , , detached = ''] = await within('the children', children);
    expect((await task.outcome()).status).toBe('COMPLETED');
    await statusOf(running, 'CANCELED');
    const [again] = (await stack.events(task.id)).filter(
      ({ event }) => event.type === 'started' && event.attempt === 2,
    );
    const canceled = (await stack.events(running)).find(({ event }) => event.type === 'canceled');
    expect(canceled?.seq).toBeGreaterThan(again?.seq ?? Number.POSITIVE_INFINITY);
    await stack.tasks.$tasks.cancel(detached);
  });

  it('is seen to by a gateway that starts later, when there was none', async () => {
    await using own = await startFamilies();
    const { stack } = own;
    const finish = Promise.withResolvers<void>();
    const { scripted, children } = parentOfMany(async () => {
      await finish.promise;
      return { said: 'done' };
    });
    await using _executor = await own.executor(scripted);
    const task = await stack.tasks.parent.scripted.start({});
    const [running = '', pending = ''] = await within('the children', children);
    await eventOf(stack, running, 'started');
    await stack.gateways[0]?.stop();
    finish.resolve();
    await eventOf(stack, task.id, 'completed');
    await stack.addGateway();
    await Promise.all([running, pending].map(id => eventOf(stack, id, 'canceled')));
  });

  it('cancels a child whose start was under way, and refuses one that comes later', async () => {
    const { stack } = families;
    const late = Promise.withResolvers<unknown>();
    const begun = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    await using _executor = await families.executor(async ({ tasks, signal }) => {
      const { hang } = tasks(contract).child;
      begun.resolve();
      await go.promise;
      // Both at once: the link of the first may or may not be in the log before the cancel.
      void hang.start({}).catch(() => {});
      await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
      late.resolve(hang.start({}).catch((thrown: unknown) => thrown));
      await late.promise;
      throw signal.reason;
    });
    const task = await stack.tasks.parent.scripted.start({});
    await begun.promise;
    go.resolve();
    await task.cancel();
    expect(await within('the refusal', late.promise)).toMatchObject({ code: 'CANCELED' });
    expect((await task.outcome()).status).toBe('CANCELED');
    const requests = await stack.broker.jsm.streams.info(stack.broker.topology.requestStream, {
      subjects_filter: `${stack.namespace}.request.*.*.child.hang`,
    });
    for (const id of Object.keys(requests.state.subjects ?? {}).map(subject => subject.split('.')[3] ?? ''))
      await statusOf(id, 'CANCELED');
    for (const { id, parent } of await stack.records())
      if (parent?.id === task.id) await statusOf(id, 'CANCELED');
  });
});

describe('a parent whose executor is killed', () => {
  it('continues elsewhere with the same children', async () => {
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers: scriptedHandlers,
      executors: 0,
    });
    const options = { natsUrl: inject('natsUrl'), namespace: stack.namespace };
    await using first = await spawnExecutor(options);
    const task = await stack.tasks.script.family.start({ echoes: 2, hangs: 1 });
    const isOf = (type: string) => (id: string) =>
      eventThat(stack.broker, type, stored => stored.id === id && stored.event.type === type);
    await isOf('progress')(task.id);
    await eventThat(
      stack.broker,
      'the hanging child runs',
      ({ name, event }) => name === 'script.hang' && event.type === 'started',
    );
    await first.kill();
    await using _second = await spawnExecutor(options);
    const again = await eventThat(
      stack.broker,
      'the second attempt',
      ({ id, event }) => id === task.id && event.type === 'progress' && event.attempt === 2,
    );
    expect(again.event).toMatchObject({ attempt: 2 });
    const links = (await stack.events(task.id)).filter(({ event }) => event.type === 'child');
    expect(links).toHaveLength(3);
    const record = await stack.tasks.$tasks.get(task.id);
    expect(record).toMatchObject({ attempt: 2, childCount: 3 });
    const [, , hanging] = record.children ?? [];
    await eventThat(
      stack.broker,
      'the hanging child runs again',
      ({ id, event }) => id === hanging?.id && event.type === 'started' && event.attempt === 2,
    );
    await task.cancel();
    expect((await within('its end', task.outcome())).status).toBe('CANCELED');
    await isOf('canceled')(hanging?.id ?? '');
  });
});
