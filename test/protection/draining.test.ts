import type { GatewayRouter } from '@longhaul/proto/wire';
import { startStack, within } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { expect, inject, it } from 'vitest';

// Server-Sent Events: see test/rest/events.test.ts and test/invariants/watchIsComplete.test.ts.
it('a watcher over WebSocket continues at another gateway when its own is stopped: nothing is missing or comes twice', async () => {
  await using stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    gateways: 2,
  });
  const task = await stack.tasks.script.count.start({ steps: 40, stepMs: 25 });
  const opened: string[] = [];
  const socket = createWSClient({
    // As a load balancer would: the first gateway as long as it takes connections.
    url: () => {
      const { url } = stack.gateways[opened.length === 0 ? 0 : 1] ?? expect.unreachable();
      opened.push(url);
      return `${url.replace('http', 'ws')}/trpc`;
    },
    retryDelayMs: () => 50,
  });
  const trpc = createTRPCClient<GatewayRouter<ScriptedContract>>({ links: [wsLink({ client: socket })] });
  const ids: number[] = [];
  const ended = Promise.withResolvers<void>();
  let stopped: Promise<void> | undefined;
  trpc.script.count.watch.subscribe(
    { id: task.id },
    {
      onData: ({ id, data }) => {
        ids.push(Number(id));
        if (ids.length === 5) stopped = stack.gateways[0]?.stop();
        if (data.type === 'completed') ended.resolve();
      },
      onError: ended.reject,
      onComplete: () => {
        if (ids.length < 40) ended.reject(new Error('It was told of an end that was none.'));
      },
    },
  );
  await within('the end of the task', ended.promise);
  await within('the end of the gateway', stopped ?? expect.unreachable());
  await socket.close();
  expect(opened.length).toBeGreaterThan(1);
  const [snapshot = 0, ...events] = ids;
  const stored = (await stack.events(task.id)).map(({ seq }) => seq).filter(seq => seq > snapshot);
  expect(events).toEqual(stored);
});
