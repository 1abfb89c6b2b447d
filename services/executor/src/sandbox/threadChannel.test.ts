import { MessageChannel } from 'node:worker_threads';
import { deadlineMs } from '@longhaul/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ExecError } from '../handler/execTypes.ts';
import {
  type ChannelMessage,
  type ChannelSide,
  type Implementation,
  ThreadChannel,
} from './threadChannel.ts';
import { receivedError } from './threadErrors.ts';

type Left = {
  readonly sync: { readonly args: readonly []; readonly result: undefined; readonly item: never };
};
type Right = {
  readonly count: { readonly args: readonly [to: number]; readonly result: string; readonly item: number };
  readonly wait: { readonly args: readonly []; readonly result: string; readonly item: string };
  readonly fail: {
    readonly args: readonly [how: 'exec' | 'other'];
    readonly result: never;
    readonly item: never;
  };
};

/** Two sides over a real port. `until`: the signal of the right one. */
function connect(own: Partial<Implementation<Right>>, until?: AbortSignal) {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  const never = new AbortController().signal;
  const side = (port: typeof port1): Omit<ChannelSide<never>, 'own'> => ({
    post: message => port.postMessage(message),
    errorOf: why => receivedError(why, never),
  });
  const left = new ThreadChannel<Left, Right>({ ...side(port1), own: { sync: () => undefined } });
  const right = new ThreadChannel<Right, Left>({
    ...side(port2),
    own: own as Implementation<Right>,
    ...(until ? { signal: until } : {}),
  });
  port1.on('message', (message: ChannelMessage) => left.receive(message));
  port2.on('message', (message: ChannelMessage) => right.receive(message));
  return { left, right };
}

test('calls are answered each by itself, in whatever order they end', async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { left } = connect({
    count: async (_context, to) => {
      await gates[to]?.promise;
      return `to ${to}`;
    },
  });
  const answers: string[] = [];
  const first = left.call('count', [0]).then(answer => answers.push(answer));
  const second = left.call('count', [1]).then(answer => answers.push(answer));
  gates[1]?.resolve();
  await second;
  gates[0]?.resolve();
  await first;
  expect(answers).toEqual(['to 1', 'to 0']);
});

test('the items of a call come in order, all before its answer', async () => {
  const { left } = connect({
    count: ({ send }, to) => {
      for (let i = 1; i <= to; i += 1) send(i);
      return 'counted';
    },
  });
  const items: number[] = [];
  expect(await left.call('count', [100], { onItem: item => items.push(item) })).toBe('counted');
  expect(items).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
});

test('an answered call of the other side tells that all items before it were processed', async () => {
  const seen: number[] = [];
  const { left, right } = connect({
    count: async ({ send }, to) => {
      for (let i = 1; i <= to; i += 1) send(i);
      await right.call('sync', []);
      return `${seen.length} of ${to}`;
    },
  });
  expect(await left.call('count', [50], { onItem: item => seen.push(item) })).toBe('50 of 50');
});

test('a call that is canceled waits for the other side to end it', async () => {
  const ended = Promise.withResolvers<void>();
  const { left } = connect({
    wait: async ({ signal, send }) => {
      signal.addEventListener('abort', () => send('ending'));
      send('waiting');
      await ended.promise;
      signal.throwIfAborted();
      return 'not canceled';
    },
  });
  const abort = new AbortController();
  const heard: string[] = [];
  let settled = false;
  const call = left
    .call('wait', [], { signal: abort.signal, onItem: item => heard.push(item) })
    .finally(() => (settled = true));
  await vi.waitFor(() => expect(heard).toEqual(['waiting']), { timeout: deadlineMs });
  abort.abort();
  await vi.waitFor(() => expect(heard).toEqual(['waiting', 'ending']), { timeout: deadlineMs });
  expect(settled).toBe(false);
  ended.resolve();
  await expect(call).rejects.toThrow('It was ended.');
});

test("a side's own signal ends what it was asked for", async () => {
  const until = new AbortController();
  const { left } = connect(
    {
      wait: ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    },
    until.signal,
  );
  const call = left.call('wait', []);
  await left.call('count', [0]).catch(() => {}); // Behind it in the port: the call has arrived.
  until.abort(new Error('the reason stays on that side'));
  await expect(call).rejects.toThrow('It was ended.');
});

test('an error of ours keeps its class and code, another its message', async () => {
  const { left } = connect({
    fail: (_context, how) => {
      throw how === 'exec' ? new ExecError('COMMAND_NOT_FOUND', 'no such') : new TypeError('odd');
    },
  });
  const error = await left.call('fail', ['exec']).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ExecError);
  expect(error).toMatchObject({ code: 'COMMAND_NOT_FOUND', message: 'no such' });
  await expect(left.call('fail', ['other'])).rejects.toThrow('odd');
});
