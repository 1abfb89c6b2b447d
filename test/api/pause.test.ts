import { eventThat, startStack } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { describe, expect, inject, it } from 'vitest';
import { z } from 'zod';

const byHeader = ({ headers }: { headers: Readonly<Record<string, string | string[] | undefined>> }) => ({
  owner: 'ann',
  role: z.enum(['user', 'operator', 'admin']).parse(headers['x-role'] ?? 'user'),
});

const system = (more: object = {}) =>
  startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    gateways: 2,
    ...more,
  });

describe('pausing a task name', () => {
  it('lets its tasks wait until it is resumed, across executors old and new, and others continue', async () => {
    await using stack = await system();
    const { script, $types } = stack.tasks;
    const running = await script.hang.start({});
    await eventThat(
      stack.broker,
      'running',
      ({ id, event }) => id === running.id && event.type === 'started',
    );
    expect(await $types.pause('script.hang')).toEqual({ name: 'script.hang', paused: true });
    expect(await $types.pause('script.echo')).toEqual({ name: 'script.echo', paused: true });
    const waiting = await script.echo.start({ text: 'later' });

    // An executor that starts meanwhile must not end the pause by making its consumers.
    await stack.addExecutor();
    expect(await script.count.run({ steps: 1 })).toMatchObject({ status: 'COMPLETED' });
    expect(await waiting.record()).toMatchObject({ status: 'PENDING' });
    expect((await running.record()).status).toBe('RUNNING');
    const paused = (await $types.list()).filter(type => type.paused).map(({ name }) => name);
    expect(paused).toEqual(['script.echo', 'script.hang']);

    // Through the other gateway: the nats-server keeps it, not a gateway.
    const other = stack.tasksOf(stack.gateways[1]!).$types;
    expect(await other.resume('script.echo')).toEqual({ name: 'script.echo', paused: false });
    expect(await waiting.result()).toEqual({ text: 'later' });
    await running.cancel();
  });

  it('holds for a name that no executor has served yet', async () => {
    await using stack = await system({ executors: 0 });
    await stack.tasks.$types.pause('script.echo');
    const waiting = await stack.tasks.script.echo.start({ text: 'later' });
    await stack.addExecutor();
    expect(await stack.tasks.script.count.run({ steps: 1 })).toMatchObject({ status: 'COMPLETED' });
    expect(await waiting.record()).toMatchObject({ status: 'PENDING' });
    await waiting.cancel();
    expect(await waiting.outcome()).toMatchObject({ status: 'CANCELED' });
  });

  it('is for administrators, and for names of the contract', async () => {
    await using stack = await system({ executors: 0, gateway: { authenticate: byHeader } });
    const reason = (promise: Promise<unknown>) =>
      promise.then(
        () => 'none',
        (error: { data?: { reason?: string } }) => error.data?.reason,
      );
    const { $types } = stack.tasks;
    expect(await reason($types.pause('script.echo'))).toBe('FORBIDDEN');
    expect(await reason($types.resume('script.echo'))).toBe('FORBIDDEN');
    const operator = stack.tasksOf(stack.gateways[0]!, { 'x-role': 'operator' }).$types;
    expect(await reason(operator.pause('script.echo'))).toBe('FORBIDDEN');
    const admin = stack.tasksOf(stack.gateways[0]!, { 'x-role': 'admin' }).$types;
    expect(await reason(admin.pause('script.nothing'))).toBe('UNKNOWN_TASK');
    expect(await admin.resume('script.echo')).toEqual({ name: 'script.echo', paused: false });
  });
});
