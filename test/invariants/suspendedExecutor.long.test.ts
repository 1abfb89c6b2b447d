import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eventThat, startStack, within } from '@longhaul/testing';
import { readHandlerLog, scriptedContract, scriptedHandlers, spawnExecutor } from '@longhaul/testkit';
import { describe, expect, inject, it } from 'vitest';

const system = (executors: number) =>
  startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    executors,
    // Each is full with one task, so a request that comes again goes to the other.
    executor: { concurrency: 1 },
  });

describe('crash-recovers', () => {
  it('leaves a task where it is when its request is delivered again while its executor is well', async () => {
    await using stack = await system(2);
    const task = await stack.tasks.script.hang.start({});
    await eventThat(stack.broker, 'started', ({ id, event }) => id === task.id && event.type === 'started');
    const { requestStream } = stack.broker.topology;
    const consumer = 'script-hang-normal';
    // What an executor does that wakes up with an old delivery in its socket and no free slot: it releases it.
    stack.nc.publish(`$JS.ACK.${requestStream}.${consumer}.1.1.1.1.0`, '-NAK');
    const deliveredAgain = async () => {
      while ((await stack.broker.jsm.consumers.info(requestStream, consumer)).delivered.consumer_seq < 2)
        await delay(20);
    };
    await within('the second delivery', deliveredAgain());
    // The other executor has a single slot: that it is free again for the next task says that it let this one be.
    expect(await stack.tasks.script.echo.run({ text: 'next' })).toMatchObject({ status: 'COMPLETED' });
    await task.cancel();
    await task.outcome();
    const types = (await stack.events(task.id)).map(({ event }) => event.type);
    expect(types.filter(type => type === 'started')).toHaveLength(1);
  });

  it('ends the handler of an executor that was suspended while another one took its task over', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'longhaul-suspended-'));
    try {
      await using stack = await system(0);
      const handlerLog = join(folder, 'handlers');
      const options = { natsUrl: inject('natsUrl'), namespace: stack.namespace };
      await using first = await spawnExecutor({ ...options, handlerLog });
      const task = await stack.tasks.script.hang.start({});
      await eventThat(stack.broker, 'started', ({ id, event }) => id === task.id && event.type === 'started');
      await using second = await spawnExecutor(options);
      first.signal('SIGSTOP');
      const again = await eventThat(
        stack.broker,
        'the second attempt',
        ({ id, event }) => id === task.id && event.type === 'started' && event.attempt === 2,
      );
      expect(again.event).toMatchObject({ executor: second.id });
      first.signal('SIGCONT');
      const ended = async () => {
        while (!readHandlerLog(handlerLog).some(({ what }) => what === 'end')) await delay(20);
      };
      // It says nothing, so no refusal can tell it.
      await within('the end of the first handler', ended());
      await task.cancel();
      expect(await task.outcome()).toMatchObject({ status: 'CANCELED' });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
