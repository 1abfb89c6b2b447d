import { appendEvent } from '@longhaul/broker';
import type { TaskHandle } from '@longhaul/client';
import { createExecutor, type HandlersOf } from '@longhaul/executor';
import { eventThat, recordThat, startStack, within } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers, taskEvent } from '@longhaul/testkit';
import { describe, expect, inject, it } from 'vitest';

/** Handlers that write down when one of them runs, so that a test can hold it against the events. */
function observed() {
  const running = new Map<string, { endedAt?: number }>();
  const hang: HandlersOf<ScriptedContract>['script']['hang'] = async context => {
    const run: { endedAt?: number } = {};
    running.set(context.task.id, run);
    try {
      return await scriptedHandlers.script.hang(context);
    } finally {
      run.endedAt = performance.now();
    }
  };
  return { running, handlers: { script: { ...scriptedHandlers.script, hang } } };
}

/** Resolves when the handler has reported something, whether that is still an event or already in the snapshot. */
async function untilItRuns(task: TaskHandle<ScriptedContract['script']['hang']>): Promise<void> {
  for await (const event of task.events()) {
    if (event.type === 'progress' || (event.type === 'snapshot' && event.record.progress)) return;
  }
}

describe('cancel-means-stop', () => {
  it('a running handler has ended when its task is CANCELED, through either gateway', async () => {
    const { running, handlers } = observed();
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers,
      gateways: 2,
      executors: 2,
    });
    for (const gateway of stack.gateways) {
      const task = await stack.tasks.script.hang.start({});
      await untilItRuns(task);
      const canceled = eventThat(
        stack.broker,
        'canceled',
        ({ id, event }) => id === task.id && event.type === 'canceled',
      );
      expect(await stack.tasksOf(gateway).$tasks.cancel(task.id, 'not needed')).toMatchObject({
        status: 'STOPPING',
      });
      await canceled;
      expect(running.get(task.id)?.endedAt, 'the handler had not ended').toBeDefined();
      expect(await task.outcome()).toEqual({
        id: task.id,
        done: true,
        status: 'CANCELED',
        reason: 'not needed',
      });
    }
  });

  it('a task that is canceled at the very moment of its start never runs behind its CANCELED', async () => {
    const { running, handlers } = observed();
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers,
      gateways: 2,
      executors: 2,
      executor: { concurrency: 100 },
    });
    const violations: string[] = [];
    const subscription = stack.nc.subscribe(stack.broker.topology.subjects.allLive, {
      callback: (_error, message) => {
        const event: { type: string } = message.json();
        const id = message.subject.split('.')[2] ?? '';
        const run = running.get(id);
        if (event.type === 'canceled' && run && run.endedAt === undefined) violations.push(id);
      },
    });
    const ends = await Promise.all(
      Array.from({ length: 300 }, async (_, i) => {
        const client = stack.tasksOf(stack.gateways[i % 2] ?? stack.gateways[0]!);
        const task = await client.script.hang.start({});
        // Some cancels come before the request is delivered, some between delivery and claim, some after.
        await task.cancel();
        return task.outcome();
      }),
    );
    subscription.unsubscribe();
    expect(ends.every(end => end.status === 'CANCELED')).toBe(true);
    expect(violations).toEqual([]);
    expect([...running.values()].every(run => run.endedAt !== undefined)).toBe(true);
  });

  it('a gateway that died between `stopping` and `canceled` leaves a task that is never started', async () => {
    const { running, handlers } = observed();
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers,
      executors: 0,
    });
    const task = await stack.tasks.script.hang.start({});
    const pending = await recordThat(stack.broker, 'PENDING', record => record.id === task.id);
    const { createdAt, priority, input, owner } = pending;
    await appendEvent(
      stack.broker,
      { id: task.id, name: 'script.hang' },
      taskEvent({
        type: 'stopping',
        owner,
        at: new Date().toISOString(),
        reason: 'half',
        task: { v: 1, owner, createdAt, priority, input },
      }),
      0,
    );
    await stack.addExecutor();
    expect(await within('the end', task.outcome())).toMatchObject({ status: 'CANCELED', reason: 'half' });
    expect(running.has(task.id)).toBe(false);
  });

  it('a waiting task is canceled without any executor, and its request leaves the queue', async () => {
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers: scriptedHandlers,
      executors: 0,
    });
    const [waiting, scheduled] = await Promise.all([
      stack.tasks.script.hang.start({}),
      stack.tasks.script.hang.start({}, { delayMs: 60_000 }),
    ]);
    for (const task of [waiting, scheduled]) {
      expect(await task.cancel()).toEqual({ id: task.id, status: 'CANCELED', alreadyEnded: false });
      expect(await task.cancel()).toEqual({ id: task.id, status: 'CANCELED', alreadyEnded: true });
    }
    const { state } = await stack.broker.jsm.streams.info(stack.broker.topology.requestStream);
    expect(state.messages).toBe(0);
  });

  it('a handler that ignores its signal is reported as still running', async () => {
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers: scriptedHandlers,
      gateways: 2,
      executors: 1,
      executor: { concurrency: 1 },
    });
    const task = await stack.tasks.script.ignoreSignal.start({ forMs: 1_000 });
    await eventThat(stack.broker, 'started', ({ id, event }) => id === task.id && event.type === 'started');
    await task.cancel();
    await task.outcome();
    expect(
      await recordThat(stack.broker, 'CANCELED', ({ id, status }) => id === task.id && status === 'CANCELED'),
    ).toMatchObject({
      handlerStillRunning: true,
    });
    // Its slot stays taken until it has really ended: the next task waits for that, and then runs.
    const next = await stack.tasks.script.echo.start({ text: 'after' });
    expect(stack.executors[0]?.running().map(({ id }) => id)).toEqual([task.id]);
    expect(await next.result()).toEqual({ text: 'after' });
  });

  it('an executor that stops releases its task, and another runs it to the end', async () => {
    await using stack = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers: scriptedHandlers,
      executors: 1,
    });
    const task = await stack.tasks.script.hang.start({});
    await untilItRuns(task);
    const second = eventThat(
      stack.broker,
      'the second attempt',
      ({ id, event }) => id === task.id && event.type === 'started' && event.attempt === 2,
    );
    await using other = await createExecutor({
      contract: scriptedContract,
      handlers: scriptedHandlers,
      nats: { servers: inject('natsUrl') },
      namespace: stack.namespace,
    });
    await stack.executors[0]?.stop({ drainMs: 0 });
    const { event } = await second;
    expect(event).toMatchObject({ executor: other.id, attempt: 2 });
    await task.cancel();
    expect(await task.outcome()).toMatchObject({ status: 'CANCELED' });
  });
});
