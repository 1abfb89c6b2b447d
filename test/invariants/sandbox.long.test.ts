import { createExecutor, type HandlersOf, sandboxed } from '@longhaul/executor';
import { ackWaitMs } from '@longhaul/proto/wire';
import { deadlineMs, eventThat, recordThat, type Stack, startStack, within } from '@longhaul/testing';
import { describe, expect, inject, it } from 'vitest';
import { graceMs, longBlockMs, sandboxContract } from './sandboxContract.ts';

const url = new URL('./sandboxHandlers.ts', import.meta.url);
type Module = typeof import('./sandboxHandlers.ts');
const handlers: HandlersOf<typeof sandboxContract> = {
  thread: {
    block: sandboxed<Module, 'block'>(url, { exportName: 'block' }),
    overrun: sandboxed<Module, 'overrun'>(url, { exportName: 'overrun' }),
    crash: sandboxed<Module, 'crash'>(url, { exportName: 'crash', maxMemoryMb: 64 }),
  },
  echo: ({ input }) => ({ text: input.text }),
};
/** Ending a thread takes some 2 ms; on a machine with more work than cores everything takes longer. */
const busyMachineMs = 1_000;
const start = (executors = 1) =>
  startStack({ natsUrl: inject('natsUrl'), contract: sandboxContract, handlers, executors });

/** Starts a blocking task and resolves when its handler runs. */
async function startBlocked(stack: Stack<typeof sandboxContract>, forMs: number) {
  const task = await stack.tasks.thread.block.start({ forMs });
  await eventThat(stack.broker, 'progress', ({ id, event }) => id === task.id && event.type === 'progress');
  return task;
}

describe('cancel-means-stop', () => {
  it('a handler that never lets go is ended after its grace period, and is not reported as running', async () => {
    await using stack = await start();
    const task = await startBlocked(stack, 600_000);
    await task.cancel('enough');
    expect(await task.outcome()).toMatchObject({ status: 'CANCELED', reason: 'enough' });
    const record = await recordThat(
      stack.broker,
      'CANCELED',
      ({ id, status }) => id === task.id && status === 'CANCELED',
    );
    expect(record).not.toHaveProperty('handlerStillRunning');
    const atOf = async (type: string) =>
      Date.parse((await stack.events(task.id)).find(({ event }) => event.type === type)?.event.at ?? '');
    expect((await atOf('canceled')) - (await atOf('stopping'))).toBeLessThan(graceMs + busyMachineMs);
  });

  it('a time limit ends it as well, and the next attempt gets a new thread', async () => {
    await using stack = await start();
    const task = await stack.tasks.thread.overrun.start({});
    expect(await task.result()).toEqual({ attempt: 2 });
    const attempts = async () => (await task.record()).attempts;
    await expect.poll(attempts, { timeout: deadlineMs }).toMatchObject([{ error: { code: 'TIMEOUT' } }, {}]);
  });

  it('an executor that stops ends its thread and releases the task, and another runs it', async () => {
    await using stack = await start();
    const task = await startBlocked(stack, 600_000);
    await using other = await createExecutor({
      contract: sandboxContract,
      handlers,
      nats: { servers: inject('natsUrl') },
      namespace: stack.namespace,
    });
    const again = eventThat(
      stack.broker,
      'started elsewhere',
      ({ id, event }) => id === task.id && event.type === 'started' && event.executor === other.id,
    );
    await stack.executors[0]?.stop({ drainMs: 0 });
    await again;
    await task.cancel();
    expect(await task.outcome()).toMatchObject({ status: 'CANCELED' });
  });
});

describe('crash-recovers-fast', () => {
  it('a task that blocks its thread for longer than ack_wait is not started a second time', async () => {
    expect(longBlockMs).toBeGreaterThan(ackWaitMs + 1_000);
    await using stack = await start(2);
    const task = await startBlocked(stack, longBlockMs);
    expect(await task.result()).toEqual({ attempt: 1 });
    const events = await stack.events(task.id);
    expect(events.filter(({ event }) => event.type === 'started')).toHaveLength(1);
    // It was heard all the while.
    expect(events.filter(({ event }) => event.type === 'progress').length).toBeGreaterThan(10);
  });

  it('other tasks of the executor continue meanwhile', async () => {
    await using stack = await start();
    const blocked = await startBlocked(stack, 600_000);
    const echoes = Array.from({ length: 20 }, async (_, i) => {
      const task = await stack.tasks.echo.start({ text: `${i}` });
      return (await task.result()).text;
    });
    expect(await within('the echoes', Promise.all(echoes))).toEqual([...Array(20).keys()].map(String));
    const other = await stack.tasks.thread.block.start({ forMs: 10 });
    expect(await other.result()).toEqual({ attempt: 1 });
    expect(await blocked.record()).toMatchObject({ status: 'RUNNING' });
    await blocked.cancel();
  });
});

describe('ends-once', () => {
  it.each(['uncaught', 'exit', 'memory'] as const)(
    'a thread that ends by "%s" fails its attempt and nothing else; the next one runs',
    async by => {
      await using stack = await start();
      const blocked = await startBlocked(stack, 600_000);
      const task = await stack.tasks.thread.crash.start({ by });
      expect(await task.result()).toEqual({ attempt: 2 });
      const attempts = async () => (await task.record()).attempts;
      await expect
        .poll(attempts, { timeout: deadlineMs })
        .toMatchObject([{ error: { code: 'SANDBOX_CRASHED' } }, {}]);
      expect(await blocked.record()).toMatchObject({ status: 'RUNNING', attempt: 1 });
      await blocked.cancel();
    },
  );

  it('a declared error keeps its code and data on its way out of the thread', async () => {
    await using stack = await start();
    const task = await stack.tasks.thread.crash.start({ by: 'declared' });
    const outcome = await task.outcome();
    expect(outcome).toMatchObject({
      status: 'FAILED',
      error: { code: 'REFUSED', data: { by: 'the thread' } },
    });
  });
});
