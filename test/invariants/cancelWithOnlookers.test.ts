import { startStack } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { expect, inject, it } from 'vitest';

it('cancel-means-stop holds while somebody looks on: a subscriber of every subject is not taken for an executor', async () => {
  await using stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    executors: 0,
  });
  stack.nc.subscribe(`${stack.namespace}.>`, { callback: () => {} });
  await stack.nc.flush();
  const waiting = await stack.tasks.script.hang.start({});
  const scheduled = await stack.tasks.script.hang.start({}, { delayMs: 60_000 });
  // No executor has ever served the name: there is not even a consumer. Then there is one, and it is idle.
  expect(await waiting.cancel()).toMatchObject({ status: 'CANCELED' });
  await stack.addExecutor();
  expect(await scheduled.cancel()).toMatchObject({ status: 'CANCELED' });
  const running = await stack.tasks.script.hang.start({});
  for await (const event of running.events()) {
    if (event.type === 'progress' || (event.type === 'snapshot' && event.record.progress)) break;
  }
  expect(await running.cancel()).toMatchObject({ status: 'STOPPING' });
  expect(await running.outcome()).toMatchObject({ status: 'CANCELED' });
});
