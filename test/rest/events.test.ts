import { connect } from 'node:net';
import { type Stack, startStack, within } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { EventSource } from 'eventsource';
import { expect, inject, it } from 'vitest';

type Event = { readonly id: number; readonly type: string; readonly data: Record<string, unknown> };

const system = (gateways = 1) =>
  startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    gateways,
  });

const urlOf = (stack: Stack<ScriptedContract>, gateway = 0) => stack.gateways[gateway]?.url ?? '';

async function start(url: string, name: string, input: object): Promise<string> {
  const response = await fetch(`${url}/v1/tasks/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(input),
  });
  return ((await response.json()) as { task_id: string }).task_id;
}

/** The events of one connection, as they come, until it ends. */
async function* eventsOf(url: string, id: string, lastEventId?: number): AsyncGenerator<Event, void, void> {
  const headers = lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) };
  const response = await fetch(`${url}/v1/tasks/${id}/events`, { headers });
  expect(response.status).toBe(200);
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, seq, type, data] = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      if (type !== undefined)
        yield { id: Number(seq), type, data: JSON.parse(data ?? '') as Record<string, unknown> };
    }
  }
}

it('continue at another gateway after the last one seen, when the first is stopped: none is missing, none comes twice', async () => {
  await using stack = await system(2);
  const id = await start(urlOf(stack), 'script.count', { steps: 30, stepMs: 20 });
  const seen: Event[] = [];
  const read = async (gateway: number, onEvent: () => void) => {
    for await (const event of eventsOf(urlOf(stack, gateway), id, seen.at(-1)?.id)) {
      seen.push(event);
      onEvent();
    }
  };
  let stopped: Promise<void> | undefined;
  await within(
    'the end of the first stream',
    read(0, () => {
      if (seen.length === 5) stopped = stack.gateways[0]?.stop();
    }),
  );
  await within('the gateway has stopped', stopped ?? Promise.reject(new Error('It was not stopped.')));
  expect(seen.at(-1)?.type).not.toBe('completed');
  await within(
    'the end of the task',
    read(1, () => {}),
  );

  const [snapshot, ...events] = seen;
  expect(snapshot).toMatchObject({ type: 'snapshot', data: { task_id: id } });
  expect(events.at(-1)).toMatchObject({ type: 'completed', data: { result: { steps: 30 } } });
  const stored = (await stack.events(id)).filter(({ seq }) => seq > (snapshot?.id ?? 0));
  expect(events.map(event => event.id)).toEqual(stored.map(({ seq }) => seq));
});

it('end for an EventSource, which comes back once and is told that there is no more', async () => {
  await using stack = await system();
  const id = await start(urlOf(stack), 'script.count', { steps: 3 });
  const source = new EventSource(`${urlOf(stack)}/v1/tasks/${id}/events`);
  const types: string[] = [];
  const closed = new Promise<void>(resolve => {
    for (const type of ['snapshot', 'completed']) source.addEventListener(type, () => types.push(type));
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) resolve();
    });
  });
  await within('the source is closed', closed);
  expect(types).toEqual(['snapshot', 'completed']);
});

it('reach others while one client reads nothing, and the gateway stops in time', async () => {
  await using stack = await system();
  const { hostname, port } = new URL(urlOf(stack));
  const id = await start(urlOf(stack), 'script.count', { steps: 400 });
  const sockets = Array.from({ length: 20 }, () => {
    const socket = connect(Number(port), hostname).pause();
    socket.write(`GET /v1/tasks/${id}/events HTTP/1.1\r\nHost: gateway\r\n\r\n`);
    return socket;
  });
  const events = await within('the end of the task', Array.fromAsync(eventsOf(urlOf(stack), id)));
  expect(events.at(-1)?.type).toBe('completed');
  await within('the gateway has stopped', stack.gateways[0]?.stop() ?? Promise.reject());
  for (const socket of sockets) socket.destroy();
});
