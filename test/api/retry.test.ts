import { createClient } from '@longhaul/client';
import { createGateway } from '@longhaul/gateway';
import { defineContract, defineTask } from '@longhaul/proto';
import { recordThat, startStack } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { byHeader, reasonOf } from './callers.ts';

const system = (more: object = {}) =>
  startStack({ natsUrl: inject('natsUrl'), contract: scriptedContract, handlers: scriptedHandlers, ...more });

describe('retry', () => {
  it('makes a new task of an ended one: same name, input and priority, linked to it', async () => {
    await using stack = await system();
    const { jsm, topology } = stack.broker;
    const projection = [topology.eventStream, topology.consumers.projection.durable_name] as const;
    // So that the record does not know of the end yet, when the caller does.
    await jsm.consumers.pause(...projection, new Date(Date.now() + 60_000));
    const policy = { maxAttempts: 1, timeoutMs: 5_000 };
    const failed = await stack.tasks.script.fail.start(
      { declared: true },
      { priority: 'high', idempotencyKey: 'once', policy },
    );
    expect(await failed.outcome()).toMatchObject({ status: 'FAILED' });
    await recordThat(
      stack.broker,
      'a record that lags',
      ({ id, status }) => id === failed.id && status === 'PENDING',
    );
    expect((await failed.record()).status).toBe('PENDING');
    const retried = await failed.retry();
    await jsm.consumers.resume(...projection);
    expect(retried.id).not.toBe(failed.id);
    const outcome = await retried.outcome();
    expect(outcome).toMatchObject({
      status: 'FAILED',
      error: { code: 'REFUSED', data: { by: 'the script' } },
    });
    const record = await recordThat(
      stack.broker,
      'the retry',
      ({ id, status }) => id === retried.id && status === 'FAILED',
    );
    expect(record).toMatchObject({
      name: 'script.fail',
      retryOf: failed.id,
      priority: 'high',
      input: { declared: true },
      policy,
      attempt: 1,
    });
    expect(record).not.toHaveProperty('idempotencyKey');
    // Made of its events alone it says the same: they carry the request.
    expect((await stack.events(retried.id))[0]?.event.task).toMatchObject({ retryOf: failed.id });
    expect(await retried.record()).toMatchObject({ retryOf: failed.id });
    expect(await failed.record()).not.toHaveProperty('retryOf');
  });

  it('makes a new task at each call, and with a key the same one', async () => {
    await using stack = await system();
    const { script, $tasks } = stack.tasks;
    const task = await script.echo.start({ text: 'a' }, { idempotencyKey: 'order 7' });
    await task.result();
    const plain = await Promise.all([task.retry(), task.retry()]);
    expect(new Set([task, ...plain].map(({ id }) => id)).size).toBe(3);
    const keyed = await Promise.all(
      Array.from({ length: 5 }, () => $tasks.retry(task.id, { idempotencyKey: 'click' })),
    );
    expect(new Set(keyed.map(({ id }) => id)).size).toBe(1);
    expect(keyed[0]).toMatchObject({ retryOf: task.id, name: 'script.echo', input: { text: 'a' } });
    expect(await script.echo.handle(keyed[0]!.id).result()).toEqual({ text: 'a' });
    expect((await task.retry({ idempotencyKey: 'click' })).id).toBe(keyed[0]!.id);
    // The key of a start is not one of its retry, and a retry's not one of another task's.
    expect(await reasonOf(task.retry({ idempotencyKey: 'order 7' }))).toBe('IDEMPOTENCY_CONFLICT');
    expect(await reasonOf(plain[0]!.retry({ idempotencyKey: 'click' }))).toBe('IDEMPOTENCY_CONFLICT');
  });

  it('refuses a task that has not ended, and one that the caller may not see', async () => {
    await using stack = await system({ gateway: { authenticate: byHeader } });
    const as = (owner: string) => stack.tasksOf(stack.gateways[0]!, { 'x-owner': owner });
    const task = await as('ann').script.hang.start({});
    expect(await reasonOf(task.retry())).toBe('TASK_NOT_ENDED');
    await task.cancel();
    await task.outcome();
    expect(await reasonOf(as('bob').script.hang.handle(task.id).retry())).toBe('TASK_NOT_FOUND');
    expect(await reasonOf(as('bob').$tasks.retry('01890000-0000-7000-8000-000000000000'))).toBe(
      'TASK_NOT_FOUND',
    );
    // What an administrator starts again is a task of the administrator's.
    const retried = await as('root').$tasks.retry(task.id);
    expect(retried).toMatchObject({ owner: 'root', retryOf: task.id, status: 'PENDING' });
    expect(await reasonOf(as('ann').$tasks.get(retried.id))).toBe('TASK_NOT_FOUND');
    await as('root').$tasks.cancel(retried.id);
  });

  it('goes by the contract of today: an unknown name and an input that no longer fits are refused', async () => {
    await using stack = await system();
    const echoed = await stack.tasks.script.echo.start({ text: 'short' });
    const counted = await stack.tasks.script.count.start({ steps: 1 });
    await Promise.all([echoed.result(), counted.result()]);
    const later = defineContract({
      script: {
        echo: defineTask({
          input: z.object({ text: z.string().min(50) }),
          output: z.object({ text: z.string() }),
        }),
      },
    });
    const { namespace } = stack;
    const nats = { servers: inject('natsUrl') };
    await using gateway = await createGateway({ contract: later, nats, namespace, port: 0 });
    const { $tasks } = createClient<typeof later>({ url: gateway.url });
    expect(await reasonOf($tasks.retry(counted.id))).toBe('UNKNOWN_TASK');
    expect(await reasonOf($tasks.retry(echoed.id))).toBe('INVALID_INPUT');
  });
});
