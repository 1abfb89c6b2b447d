import type { GatewayErrorShape, GatewayRouter } from '@longhaul/proto/wire';
import { eventThat, recordThat, startStack, within } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { createTRPCClient, createWSClient, httpBatchLink, TRPCClientError, wsLink } from '@trpc/client';
import { describe, expect, inject, it } from 'vitest';

type Router = GatewayRouter<ScriptedContract>;

const system = (more: object = {}) =>
  startStack({ natsUrl: inject('natsUrl'), contract: scriptedContract, handlers: scriptedHandlers, ...more });

async function reasonOf(promise: Promise<unknown>): Promise<string | undefined> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown);
  return error instanceof TRPCClientError
    ? (error.shape as GatewayErrorShape | undefined)?.data.reason
    : `no error: ${error}`;
}

describe('start', () => {
  it('answers the record at once, and `get` finds it before it is written', async () => {
    await using stack = await system({ executors: 0 });
    const trpc = createTRPCClient<Router>({
      links: [httpBatchLink({ url: `${stack.gateways[0]?.url}/trpc` })],
    });
    const record = await trpc.script.echo.start.mutate({ input: { text: 'hello' }, priority: 'high' });
    expect(record).toMatchObject({
      name: 'script.echo',
      status: 'PENDING',
      priority: 'high',
      attempt: 0,
      input: { text: 'hello' },
    });
    // In one batch, by which the PENDING record is hardly written yet.
    const [typed, generic] = await Promise.all([
      trpc.script.echo.get.query({ id: record.id }),
      trpc.tasks.get.query({ id: record.id }),
    ]);
    expect(typed).toEqual(record);
    expect(generic).toEqual(record);
    expect(await recordThat(stack.broker, 'PENDING', ({ id }) => id === record.id)).toMatchObject(record);
  });

  it('gives the same task for the same key and input, a conflict for another input, and another owner their own', async () => {
    await using stack = await system({ gateways: 2, gateway: { authenticate: byHeader } });
    const [one, other] = stack.gateways.map(gateway => stack.tasksOf(gateway, { 'x-owner': 'ann' }));
    const bob = stack.tasksOf(stack.gateways[0]!, { 'x-owner': 'bob' });
    const options = { idempotencyKey: 'order 7' };
    // At once through both gateways: the race that Nats-Msg-Id decides.
    const raced = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        (i % 2 === 0 ? one : other)?.script.echo.start({ text: 'a' }, options),
      ),
    );
    expect(new Set(raced.map(task => task?.id)).size).toBe(1);
    expect(await raced[0]?.result()).toEqual({ text: 'a' });
    expect((await one?.script.echo.start({ text: 'a' }, options))?.id).toBe(raced[0]?.id);
    expect(await reasonOf(one!.script.echo.start({ text: 'b' }, options))).toBe('IDEMPOTENCY_CONFLICT');
    expect((await bob.script.echo.start({ text: 'b' }, options)).id).not.toBe(raced[0]?.id);
    expect((await one!.script.echo.run({ text: 'a' }, options)).id).toBe(raced[0]?.id);
  });

  it('starts after a delay: SCHEDULED until then', async () => {
    await using stack = await system();
    const task = await stack.tasks.script.echo.start({ text: 'later' }, { delayMs: 1_500 });
    const record = await task.record();
    expect(record.status).toBe('SCHEDULED');
    expect(await task.result()).toEqual({ text: 'later' });
    const ended = await recordThat(
      stack.broker,
      'COMPLETED',
      ({ id, status }) => id === task.id && status === 'COMPLETED',
    );
    expect(Date.parse(ended.startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(record.scheduledFor ?? ''));
  });

  it('lets higher priority go first when slots are scarce', async () => {
    await using stack = await system({ executors: 0 });
    const low = await Promise.all(
      Array.from({ length: 5 }, () => stack.tasks.script.echo.start({ text: 'low' }, { priority: 'low' })),
    );
    const high = await Promise.all(
      Array.from({ length: 5 }, () => stack.tasks.script.echo.start({ text: 'high' }, { priority: 'high' })),
    );
    await stack.addExecutor({ concurrency: 1 });
    await Promise.all([...low, ...high].map(task => task.outcome()));
    const order = (await stack.events())
      .filter(({ event }) => event.type === 'completed')
      .map(({ id }) => id);
    const place = (task: { id: string }) => order.indexOf(task.id);
    const mean = (tasks: { id: string }[]) =>
      tasks.reduce((sum, task) => sum + place(task), 0) / tasks.length;
    expect(mean(high)).toBeLessThan(mean(low));
  });
});

describe('run and result', () => {
  it('answers the output when it is ready in time, else where the task stands', async () => {
    await using stack = await system();
    expect(await stack.tasks.script.echo.run({ text: 'quick' })).toMatchObject({
      done: true,
      status: 'COMPLETED',
      output: { text: 'quick' },
    });
    const slow = await stack.tasks.script.hang.run({}, { waitMs: 100 });
    expect(slow).toMatchObject({ done: false });
    await stack.tasks.$tasks.cancel(slow.id);
    expect(await stack.tasks.script.hang.handle(slow.id).outcome()).toMatchObject({ status: 'CANCELED' });
  });

  it('ends the waiting with its signal, not the task', async () => {
    await using stack = await system();
    const task = await stack.tasks.script.hang.start({});
    const abort = new AbortController();
    const waiting = task.result({ signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow();
    expect((await task.record()).status).not.toBe('CANCELED');
    await task.cancel();
  });
});

describe('tasks.list', () => {
  it('lists newest first, in pages, by status, name and time', async () => {
    await using stack = await system();
    const { script, $tasks } = stack.tasks;
    const ids: string[] = [];
    for (let i = 0; i < 7; i += 1) ids.push((await script.echo.start({ text: `${i}` })).id);
    const failed = await script.fail.start({ declared: true });
    await failed.outcome();
    await recordThat(stack.broker, 'FAILED', ({ id, status }) => id === failed.id && status === 'FAILED');

    const pages: string[][] = [];
    let cursor: string | undefined;
    do {
      const page = await $tasks.list({ limit: 3, ...(cursor === undefined ? {} : { cursor }) });
      pages.push(page.tasks.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(pages.flat()).toEqual([failed.id, ...ids.toReversed()]);
    expect(pages[0]).toHaveLength(3);

    // The index of the gateway follows the bucket by a moment.
    await expect
      .poll(async () => (await $tasks.list({ status: ['FAILED'] })).tasks)
      .toMatchObject([{ id: failed.id, errorCode: 'REFUSED' }]);
    expect((await $tasks.list({ name: 'script.fail' })).tasks).toHaveLength(1);
    const { createdAt } = await failed.record();
    expect((await $tasks.list({ since: createdAt })).tasks.map(({ id }) => id)).toEqual([failed.id]);
    expect((await $tasks.list({ until: createdAt })).tasks).toHaveLength(7);
    expect(await reasonOf($tasks.list({ cursor: 'bm9uc2Vuc2U' }))).toBe('INVALID_CURSOR');
  });

  it('knows what was there before the gateway started', async () => {
    await using stack = await system();
    const tasks = await Promise.all(
      Array.from({ length: 5 }, () => stack.tasks.script.echo.start({ text: 'old' })),
    );
    await Promise.all(tasks.map(task => task.result()));
    await Promise.all(
      tasks.map(task =>
        recordThat(stack.broker, 'COMPLETED', ({ id, status }) => id === task.id && status === 'COMPLETED'),
      ),
    );
    const gateway = await stack.addGateway();
    const { tasks: listed } = await stack.tasksOf(gateway).$tasks.list();
    expect(new Set(listed.map(({ id }) => id))).toEqual(new Set(tasks.map(({ id }) => id)));
  });
});

/** The caller that a test says it is. */
function byHeader({ headers }: { headers: Readonly<Record<string, string | string[] | undefined>> }) {
  const owner = headers['x-owner'];
  if (typeof owner !== 'string') return undefined;
  return { owner, role: owner === 'root' ? ('admin' as const) : ('user' as const) };
}

describe('owner-only', () => {
  it('shows, streams and cancels nobody a task of another owner, except an administrator', async () => {
    await using stack = await system({ gateways: 2, gateway: { authenticate: byHeader } });
    const as = (owner: string) => stack.tasksOf(stack.gateways[1]!, { 'x-owner': owner });
    const owner = 'ann@example.org';
    const task = await stack.tasksOf(stack.gateways[0]!, { 'x-owner': owner }).script.hang.start({});
    await eventThat(stack.broker, 'started', ({ id, event }) => id === task.id && event.type === 'started');

    const bob = as('bob');
    const theirs = bob.script.hang.handle(task.id);
    const unknown = bob.script.hang.handle('01890000-0000-7000-8000-000000000000');
    for (const handle of [theirs, unknown]) {
      expect(await reasonOf(handle.record())).toBe('TASK_NOT_FOUND');
      expect(await reasonOf(handle.outcome())).toBe('TASK_NOT_FOUND');
      expect(await reasonOf(handle.cancel())).toBe('TASK_NOT_FOUND');
      expect(await reasonOf(handle.events().next())).toBe('TASK_NOT_FOUND');
      expect(await reasonOf(bob.$tasks.get(handle.id))).toBe('TASK_NOT_FOUND');
    }
    expect((await bob.$tasks.list()).tasks).toEqual([]);
    expect((await bob.$tasks.list({ owner })).tasks).toEqual([]);

    const abort = new AbortController();
    const seenByBob = Array.fromAsync(bob.$tasks.watch({ signal: abort.signal, lastEventId: '0' }));
    const admin = as('root');
    expect((await admin.$tasks.list({ owner })).tasks.map(({ id }) => id)).toEqual([task.id]);
    expect(await admin.script.hang.handle(task.id).record()).toMatchObject({ owner });
    await admin.$tasks.cancel(task.id);
    expect(await admin.script.hang.handle(task.id).outcome()).toMatchObject({ status: 'CANCELED' });
    const mine = await bob.script.echo.run({ text: 'mine' });
    expect(mine.status).toBe('COMPLETED');
    abort.abort();
    const owners = (await seenByBob).flatMap(event => (event.type === 'event' ? [event.event.owner] : []));
    expect(owners.filter(seen => seen !== 'bob')).toEqual([]);
    expect(await reasonOf(stack.tasksOf(stack.gateways[0]!).$tasks.list())).toBe('UNAUTHENTICATED');
  });
});

describe('the transports', () => {
  it('batches calls, and a slow one holds up no other', async () => {
    await using stack = await system();
    const requests: string[] = [];
    const { createClient } = await import('@longhaul/client');
    const tasks = createClient<ScriptedContract>({
      url: stack.gateways[0]!.url,
      fetch: (input, init) => {
        requests.push(String(input));
        return fetch(input, init);
      },
    });
    const slow = tasks.script.hang.run({}, { waitMs: 3_000 });
    const quick = tasks.script.echo.run({ text: 'quick' });
    const first = await Promise.race([slow.then(() => 'slow'), quick.then(() => 'quick')]);
    expect(first).toBe('quick');
    expect(requests).toHaveLength(1);
    const { id } = await slow;
    await tasks.$tasks.cancel(id);
  });

  it('serves calls and subscriptions over WebSocket', async () => {
    await using stack = await system();
    const socket = createWSClient({ url: `${stack.gateways[0]!.url.replace('http', 'ws')}/trpc` });
    const trpc = createTRPCClient<Router>({ links: [wsLink({ client: socket })] });
    const { id } = await trpc.script.count.start.mutate({ input: { steps: 5, stepMs: 5 } });
    const types: string[] = [];
    const ended = Promise.withResolvers<void>();
    const subscription = trpc.script.count.watch.subscribe(
      { id },
      { onData: ({ data }) => types.push(data.type), onComplete: ended.resolve, onError: ended.reject },
    );
    await within('the end of the stream', ended.promise);
    subscription.unsubscribe();
    expect(types[0]).toBe('snapshot');
    expect(types.at(-1)).toBe('completed');
    await socket.close();
  });

  it('watches the tasks of a page in one stream', async () => {
    await using stack = await system();
    const abort = new AbortController();
    const [watched, other] = [
      await stack.tasks.script.hang.start({}),
      await stack.tasks.script.hang.start({}),
    ];
    const stream = stack.tasks.$tasks.watch({ ids: [watched.id], signal: abort.signal });
    expect((await stream.next()).value).toMatchObject({ type: 'open' });
    await Promise.all([watched.cancel(), other.cancel()]);
    for await (const event of stream) {
      if (event.type !== 'event') continue;
      expect(event.id).toBe(watched.id);
      if (event.event.type === 'canceled') break;
    }
  });

  it('says which task types there are, with JSON Schemas of what a caller writes', async () => {
    await using stack = await system({ executors: 0 });
    const types = await stack.tasks.$types.list();
    expect(types.map(({ name }) => name)).toEqual(
      Object.keys(scriptedContract.script).map(name => `script.${name}`),
    );
    const transform = types.find(({ name }) => name === 'script.transform');
    expect(transform?.input).toMatchObject({
      type: 'object',
      properties: { number: { type: 'string' } },
      required: ['number'],
    });
    expect(types.find(({ name }) => name === 'script.fail')?.errors).toHaveProperty('REFUSED');
  });

  it.each([
    ['POST', 'script.echo.start', '{"input": {"text"', 400, 'INVALID_REQUEST'],
    ['POST', 'script.echo.start', '[]', 400, 'INVALID_REQUEST'],
    ['POST', 'script.echo.start', '{}', 400, 'INVALID_INPUT'],
    ['GET', 'script.echo.get?input=%7Bbad', undefined, 400, 'INVALID_REQUEST'],
    ['GET', 'script.echo.get?input=%7B%22id%22%3A%22..%22%7D', undefined, 400, 'INVALID_REQUEST'],
    ['GET', 'script.nothing', undefined, 404, 'UNKNOWN_PROCEDURE'],
  ])("answers a malformed %s %s as the caller's fault", async (method, path, body, status, reason) => {
    await using stack = await system({ executors: 0 });
    const init = body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } };
    const answer = await fetch(`${stack.gateways[0]!.url}/trpc/${path}`, { method, ...init });
    const shape = await answer.text();
    expect(answer.status).toBe(status);
    expect(JSON.parse(shape)).toMatchObject({ error: { data: { reason } } });
    expect(shape).not.toContain('stack');
  });

  it('says whether it lives and is ready, and tells nobody the cause of an inner error', async () => {
    await using stack = await system({
      gateway: {
        authenticate: () => {
          throw new Error('secret://user:password@host');
        },
      },
    });
    const { url } = stack.gateways[0]!;
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: 'ready' });
    const answer = await fetch(`${url}/trpc/tasks.list`);
    const body = await answer.text();
    expect(answer.status).toBe(500);
    expect(body).not.toContain('secret');
    expect(body).not.toContain('stack');
  });
});
