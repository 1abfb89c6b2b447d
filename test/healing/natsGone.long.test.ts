import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNatsServer } from '@longhaul/nats-server';
import { recordThat, startStack, within } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { expect, test } from 'vitest';
import { openPlainSocket } from '../api/plainTransports.ts';

/** How long a stream may look alive over a dead broker. */
const toldWithinMs = 5_000;

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    yield* lines;
  }
}

test('NATS is killed while clients watch: every kind of stream says so within 5 s, and continues when it is back', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'longhaul-nats-gone-'));
  await using nats = await startNatsServer({ dataDir });
  const stack = await startStack({
    natsUrl: nats.url,
    contract: scriptedContract,
    handlers: scriptedHandlers,
  });
  const url = stack.gateways[0]?.url ?? '';
  const left = new AbortController();
  const { signal } = left;
  try {
    const { id } = await stack.tasks.script.hang.start({});
    await recordThat(stack.broker, 'it runs', record => record.id === id && record.status === 'RUNNING');

    // The client over SSE: of one task, of all tasks, of lists (what the console lives on).
    const client = () => {
      const lost = Promise.withResolvers<unknown>();
      const heard = Promise.withResolvers<void>();
      let open = false;
      const follow = async (events: AsyncIterable<unknown>) => {
        for await (const _ of events) {
          if (open) heard.resolve();
          open = true;
        }
      };
      return { lost, heard, follow, isOpen: () => open };
    };
    const one = client();
    const many = client();
    const lists = client();
    const onLost = (of: ReturnType<typeof client>) => (error: unknown) => of.lost.resolve(error);
    const following = [
      one.follow(stack.tasks.script.hang.handle(id).events({ signal, onLost: onLost(one) })),
      many.follow(stack.tasks.$tasks.watch({ ids: [id], lastEventId: '0', signal, onLost: onLost(many) })),
      lists.follow(stack.tasks.$tasks.watchList({ signal, onLost: onLost(lists) })),
    ];
    for (const { isOpen } of [one, many, lists]) await expect.poll(isOpen, { timeout: 30_000 }).toBe(true);

    // tRPC over a WebSocket, and REST.
    await using socket = await openPlainSocket(url);
    const overSocket = socket.call({
      type: 'subscription',
      path: 'tasks.watch',
      input: { ids: [id], lastEventId: '0' },
    });
    await socket.heard(id);
    const rest = await fetch(`${url}/v1/tasks/${id}/events`, { signal });
    const lines = linesOf(rest.body ?? expect.unreachable());
    const lineThat = async (fits: (line: string) => boolean) => {
      for (let step = await lines.next(); !step.done; step = await lines.next())
        if (fits(step.value)) return step.value;
      return 'the end of the stream';
    };
    await lineThat(line => line.startsWith('data: ') && line.includes(id));

    await nats.kill();
    const told = await within(
      'all streams are told',
      Promise.all([
        one.lost.promise,
        many.lost.promise,
        lists.lost.promise,
        overSocket,
        lineThat(line => line.includes('"nats"')),
      ]),
      toldWithinMs,
    );
    expect(told.slice(0, 3).map(String)).toEqual(
      Array(3).fill(expect.stringContaining('NATS does not answer')),
    );
    expect(told[3]).toContain('NATS_UNAVAILABLE');
    expect(told[4]).toBe('data: {"nats":"lost"}');

    await nats.restart();
    await expect(
      within(
        'REST is told',
        lineThat(line => line.includes('"nats"')),
      ),
    ).resolves.toBe('data: {"nats":"restored"}');
    await expect
      .poll(
        () =>
          stack.tasks.$tasks.cancel(id).then(
            () => true,
            () => false,
          ),
        { timeout: 30_000 },
      )
      .toBe(true);
    await within(
      'streams continue',
      Promise.all([one.heard.promise, many.heard.promise, lists.heard.promise]),
    );
    // A stream that could not continue ends, and its client opens it again.
    const continued = await within(
      'REST continues',
      lineThat(line => line === 'event: canceled'),
    );
    if (continued === 'the end of the stream') {
      const headers = { 'last-event-id': '0' };
      const again = await fetch(`${url}/v1/tasks/${id}/events`, { signal, headers });
      expect(await within('REST again', again.text())).toContain('\nevent: canceled\n');
    }
    left.abort();
    await Promise.all(following);
  } finally {
    left.abort();
    await Promise.all(stack.executors.map(executor => executor.stop({ drainMs: 0 })));
    await Promise.all(stack.gateways.map(gateway => gateway.stop()));
    await stack.nc.close();
    await nats.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
});
