import { createClient } from '@longhaul/client';
import { startStack, within } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { expect, inject, test } from 'vitest';

/** Well below the ten seconds that calls in flight would get. */
const soonMs = 5_000;

/** A gateway whose tasks nobody runs, so that a caller that waits for one waits; it tells when a call has arrived. */
async function system() {
  let arrived = Promise.withResolvers<void>();
  const stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    executors: 0,
    gateway: {
      authenticate: () => {
        arrived.resolve();
        return { owner: 'local', role: 'admin' };
      },
    },
  });
  const gateway = stack.gateways[0] ?? expect.unreachable();
  return {
    stack,
    gateway,
    nextCall: () => {
      arrived = Promise.withResolvers<void>();
      return arrived.promise;
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

test('a gateway that stops ends waits for results at once, with the error that makes clients ask elsewhere', async () => {
  await using one = await system();
  const { id } = await one.stack.tasks.script.echo.start({ text: 'a' });
  const called = one.nextCall();
  const input = encodeURIComponent(JSON.stringify({ id, waitMs: 50_000 }));
  const waiting = fetch(`${one.gateway.url}/trpc/script.echo.result?input=${input}`);
  await called;
  await within('the end of the gateway', one.gateway.stop(), soonMs);
  const response = await waiting;
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({
    error: { data: { reason: 'SHUTTING_DOWN', code: 'SERVICE_UNAVAILABLE' } },
  });
});

test('a call that started its task is told which, so that the result can be read elsewhere', async () => {
  await using one = await system();
  const called = one.nextCall();
  const running = one.stack.tasks.script.echo.run({ text: 'a' }, { waitMs: 50_000 });
  await called;
  await within('the end of the gateway', one.gateway.stop(), soonMs);
  const outcome = await running;
  expect(outcome).toMatchObject({ done: false, status: 'PENDING' });
  const elsewhere = one.stack.tasksOf(await one.stack.addGateway());
  await one.stack.addExecutor();
  expect(await elsewhere.script.echo.handle(outcome.id).result()).toEqual({ text: 'a' });
});

test('a client that waits for a result gets it from the successor', async () => {
  await using one = await system();
  const tasks = createClient<ScriptedContract>({ url: one.gateway.url });
  const task = await tasks.script.echo.start({ text: 'a' });
  const called = one.nextCall();
  const waiting = task.result();
  await called;
  await within('the end of the gateway', one.gateway.stop(), soonMs);
  await one.stack.addGateway({ port: one.gateway.port });
  await one.stack.addExecutor();
  expect(await within('the result', waiting)).toEqual({ text: 'a' });
});
