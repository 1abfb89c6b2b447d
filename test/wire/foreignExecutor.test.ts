import { randomBytes } from 'node:crypto';
import { createTasks } from '@longhaul/client';
import { createGateway } from '@longhaul/gateway';
import { createTopology } from '@longhaul/proto';
import { expect, inject, test } from 'vitest';
import { demoContract } from './demoContract.ts';
import { createDemoExecutor } from './demoExecutor.ts';
import { startForeignExecutor } from './foreignProcess.ts';
import { tapWire } from './wireTap.ts';

const url = inject('natsUrl');

async function startStack() {
  const namespace = `foreign-${randomBytes(4).toString('hex')}`;
  const gateway = await createGateway({ contract: demoContract, nats: { servers: url }, namespace, port: 0 });
  const foreign = startForeignExecutor(url, namespace);
  const tap = await tapWire(url, [`$JS.ACK.${createTopology(namespace).requestStream}.>`]);
  return {
    namespace,
    foreign,
    tap,
    count: createTasks<typeof demoContract>({ url: gateway.url }).demo.count,
    [Symbol.asyncDispose]: async () => {
      await tap[Symbol.asyncDispose]();
      await foreign[Symbol.asyncDispose]();
      await gateway.stop();
    },
  };
}

test('a task runs to COMPLETED on an executor that is not made of Longhaul', async () => {
  await using stack = await startStack();
  const task = await stack.count.start({ to: 4, stepMs: 5 });
  const types: string[] = [];
  for await (const event of task.events()) types.push(event.type);
  expect(types).toEqual(['snapshot', 'started', 'progress', 'progress', 'progress', 'progress', 'completed']);
  expect(await task.result()).toEqual({ sum: 10 });
  await stack.tap.when(({ json }) => json === '+ACK');
  await expect
    .poll(() => task.record())
    .toMatchObject({
      status: 'COMPLETED',
      progress: { percent: 100 },
      attempts: [{ number: 1, executor: stack.foreign.executor }],
    });
});

test('a failure of its handler keeps the declared code and data', async () => {
  await using stack = await startStack();
  const task = await stack.count.start({ to: 20 }, { priority: 'high' });
  expect(await task.outcome()).toMatchObject({
    status: 'FAILED',
    error: { code: 'UNLUCKY', message: '13 is not counted here.', data: { number: 13 } },
  });
});

test('a cancel reaches its handler, and the task ends CANCELED', async () => {
  await using stack = await startStack();
  const task = await stack.count.start({ to: 12, stepMs: 60_000 });
  const seen: string[] = [];
  for await (const event of task.events()) {
    seen.push(event.type);
    // It waits a minute for its second step, so this cancel is what ends it.
    if (event.type === 'progress') {
      expect(await task.cancel('enough')).toMatchObject({ status: 'STOPPING', alreadyEnded: false });
    }
  }
  expect(seen).toEqual(['snapshot', 'started', 'progress', 'stopping', 'canceled']);
  expect(await task.outcome()).toMatchObject({ status: 'CANCELED', reason: 'enough' });
  await stack.tap.when(({ json }) => json === '+ACK');
});

test('a task of a killed one is finished by one of Longhaul as attempt 2', async () => {
  await using stack = await startStack();
  const task = await stack.count.start({ to: 3, stepMs: 1_000 });
  for await (const event of task.events()) if (event.type === 'progress') break;
  await stack.foreign.end('SIGKILL');
  await using other = await createDemoExecutor(url, stack.namespace, 'longhaul-1');
  expect(await task.outcome()).toMatchObject({ status: 'COMPLETED', output: { sum: 6 } });
  await expect
    .poll(() => task.record())
    .toMatchObject({
      status: 'COMPLETED',
      attempts: [
        { number: 1, executor: stack.foreign.executor },
        { number: 2, executor: other.id },
      ],
    });
});

test('one that is told to end hands its task back', async () => {
  await using stack = await startStack();
  const task = await stack.count.start({ to: 2, stepMs: 1_000 });
  for await (const event of task.events()) if (event.type === 'progress') break;
  expect(await stack.foreign.end('SIGTERM')).toBe(0);
  await stack.tap.when(({ json }) => json === '-NAK');
  await using _other = await createDemoExecutor(url, stack.namespace, 'longhaul-1');
  for await (const event of task.events()) {
    if (event.type === 'started') expect(event.attempt).toBe(2);
  }
  expect(await task.outcome()).toMatchObject({ status: 'COMPLETED' });
});
