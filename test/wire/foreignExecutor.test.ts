import { randomBytes } from 'node:crypto';
import { createClient } from '@longhaul/client';
import { createGateway } from '@longhaul/gateway';
import { createTopology, inlineLimitBytes } from '@longhaul/proto/wire';
import { expect, inject, test } from 'vitest';
import { z } from 'zod';
import { demoContract } from './demoContract.ts';
import { createDemoExecutor } from './demoExecutor.ts';
import { startForeignExecutor } from './foreignProcess.ts';
import { tapWire } from './wireTap.ts';

const url = inject('natsUrl');

const typeOf = z.object({ type: z.string() });

async function startStack() {
  const namespace = `foreign-${randomBytes(4).toString('hex')}`;
  const { subjects, requestStream } = createTopology(namespace);
  const gateway = await createGateway({ contract: demoContract, nats: { servers: url }, namespace, port: 0 });
  const tap = await tapWire(url, [subjects.allLive, `$JS.ACK.${requestStream}.>`]);
  const foreign = startForeignExecutor(url, namespace);
  const events = () => tap.messages.filter(({ subject }) => subject.startsWith(`${namespace}.live.`));
  return {
    namespace,
    foreign,
    count: createClient<typeof demoContract>({ url: gateway.url }).demo.count,
    /** Resolves when an event of that type is in the log. */
    event: (type: string) =>
      tap.when(message => events().includes(message) && typeOf.parse(message.json).type === type),
    /** Resolves when a request was answered so. */
    answer: (text: '+ACK' | '-NAK') => tap.when(({ json }) => json === text),
    /** The types of all events so far. */
    types: () => events().map(({ json }) => typeOf.parse(json).type),
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
  expect(await task.result()).toEqual({ sum: 10 });
  await stack.answer('+ACK');
  expect(stack.types()).toEqual(['started', 'progress', 'progress', 'progress', 'progress', 'completed']);
  await expect
    .poll(() => task.record())
    .toMatchObject({
      status: 'COMPLETED',
      progress: { percent: 100 },
      attempts: [{ number: 1, executor: stack.foreign.executor }],
    });
});

test('a task whose input is too large for it fails, and says so', async () => {
  await using stack = await startStack();
  const input = { to: 1, note: 'x'.repeat(inlineLimitBytes) };
  const task = await stack.count.start(input);
  expect(await task.outcome()).toMatchObject({ status: 'FAILED', error: { code: 'INPUT_UNREADABLE' } });
  await stack.answer('+ACK');
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
  // It would wait a minute for its second step, so the cancel is what ends it.
  const task = await stack.count.start({ to: 12, stepMs: 60_000 });
  await stack.event('progress');
  expect(await task.cancel('enough')).toMatchObject({ status: 'STOPPING', alreadyEnded: false });
  expect(await task.outcome()).toMatchObject({ status: 'CANCELED', reason: 'enough' });
  await stack.answer('+ACK');
  expect(stack.types()).toEqual(['started', 'progress', 'stopping', 'canceled']);
});

test('a task of a killed one is finished by one of Longhaul as attempt 2', async () => {
  await using stack = await startStack();
  const task = await stack.count.start({ to: 3, stepMs: 500 });
  await stack.event('progress');
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

test('one that is told to end releases its task', async () => {
  await using stack = await startStack();
  const task = await stack.count.start({ to: 2, stepMs: 500 });
  await stack.event('progress');
  expect(await stack.foreign.end('SIGTERM')).toBe(0);
  await stack.answer('-NAK');
  // Before the answer, and not delivered to its own pull again.
  expect(stack.types().at(-1)).toBe('released');
  await using other = await createDemoExecutor(url, stack.namespace, 'longhaul-1');
  expect(await task.outcome()).toMatchObject({ status: 'COMPLETED' });
  await expect
    .poll(() => task.record())
    .toMatchObject({ attempt: 2, losses: 0, attempts: [{ number: 1 }, { number: 2, executor: other.id }] });
});

test('released: five deploys of it are no losses, and the task completes', async () => {
  await using stack = await startStack();
  const task = await stack.count.start({ to: 2, stepMs: 1_500 });
  let foreign = stack.foreign;
  // One more than the losses that a task may have.
  for (let deploys = 1; deploys <= 5; deploys += 1) {
    await expect.poll(() => stack.types().filter(type => type === 'started').length).toBe(deploys);
    expect(await foreign.end('SIGTERM')).toBe(0);
    foreign = startForeignExecutor(url, stack.namespace);
  }
  try {
    expect(await task.outcome()).toMatchObject({ status: 'COMPLETED', output: { sum: 3 } });
    await expect.poll(() => task.record()).toMatchObject({ status: 'COMPLETED', losses: 0, failures: 0 });
  } finally {
    await foreign[Symbol.asyncDispose]();
  }
});
