import { once } from 'node:events';
import { createClient } from '@longhaul/client';
import { type Stack, startStack } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import WebSocket from 'ws';
import { byHeader } from '../api/callers.ts';

let stack: Stack<ScriptedContract>;
let url: string;
beforeAll(async () => {
  stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    executors: 1,
    executor: { concurrency: 200 },
    gateway: {
      authenticate: byHeader,
      protection: { callRate: 'off', streamsPerOwner: 3, replayEvents: 50 },
    },
  });
  url = stack.gateways[0]?.url ?? '';
});
afterAll(() => stack[Symbol.asyncDispose]());

let owners = 0;
const newOwner = () => {
  owners += 1;
  return { 'x-owner': `waiting-${owners}` };
};
type Headers = Record<string, string>;
const json = { 'content-type': 'application/json' };
const wait = async (path: string, init: RequestInit): Promise<string> =>
  (await fetch(`${url}${path}`, init)).text();

/** Calls that wait for the end of a task that never ends; each is answered when it is refused, or canceled. */
const ways: readonly (readonly [
  string,
  (id: string, headers: Headers, signal: AbortSignal) => Promise<string>,
])[] = [
  [
    'result of tRPC',
    (id, headers, signal) =>
      wait(`/trpc/script.hang.result?input=${encodeURIComponent(JSON.stringify({ id, waitMs: 20_000 }))}`, {
        headers,
        signal,
      }),
  ],
  [
    'run of tRPC',
    (_id, headers, signal) =>
      wait('/trpc/script.hang.run', {
        method: 'POST',
        headers: { ...headers, ...json },
        body: JSON.stringify({ input: {}, waitMs: 20_000 }),
        signal,
      }),
  ],
  [
    'Prefer: wait of a REST start',
    (_id, headers, signal) =>
      wait('/v1/tasks/script.hang', {
        method: 'POST',
        headers: { ...headers, ...json, prefer: 'wait=20' },
        body: '{}',
        signal,
      }),
  ],
  [
    'Prefer: wait of a REST result',
    (id, headers, signal) =>
      wait(`/v1/tasks/${id}/result`, { headers: { ...headers, prefer: 'wait=20' }, signal }),
  ],
];

it.each(ways)(
  '%s counts among the streams of its owner while it waits, and is refused beyond the limit',
  async (_way, call) => {
    const ann = newOwner();
    const tasks = createClient<ScriptedContract>({ url, headers: () => ann });
    const { id } = await tasks.script.hang.start({});
    const leave = new AbortController();
    const calls = Array.from({ length: 4 }, () => call(id, ann, leave.signal).catch(() => 'left'));
    // Whichever comes last; the others wait.
    expect(await Promise.race(calls)).toContain('TOO_MANY_STREAMS');
    // Calls that do not wait are served, and so is everybody else.
    expect((await fetch(`${url}/v1/tasks/${id}`, { headers: ann })).status).toBe(200);
    const bob = newOwner();
    const other = await createClient<ScriptedContract>({ url, headers: () => bob }).script.echo.run({
      text: 'b',
    });
    expect(other).toMatchObject({ status: 'COMPLETED' });
    leave.abort();
    expect((await Promise.all(calls)).filter(answer => answer === 'left')).toHaveLength(3);
    await expect
      .poll(() => call(id, ann, AbortSignal.timeout(300)).catch(() => 'waited'), { timeout: 30_000 })
      .toBe('waited');
    await tasks.$tasks.cancelMany({});
  },
);

it('hundreds of waiting calls over one WebSocket are refused but for those that an owner may have', async () => {
  const ann = newOwner();
  const { id } = await createClient<ScriptedContract>({ url, headers: () => ann }).script.hang.start({});
  const socket = new WebSocket(`${url.replace('http', 'ws')}/trpc`, { headers: ann });
  await once(socket, 'open');
  let refused = 0;
  socket.on('message', data => {
    if (String(data).includes('TOO_MANY_STREAMS')) refused += 1;
  });
  const input = { id, waitMs: 40_000 };
  for (let call = 0; call < 500; call += 1)
    socket.send(JSON.stringify({ id: call, method: 'query', params: { path: 'script.hang.result', input } }));
  // The socket itself is one of three.
  await expect.poll(() => refused, { timeout: 30_000 }).toBe(498);
  socket.terminate();
});

it('a stream over many tasks with an old lastEventId does not read the history of everybody', async () => {
  const ann = newOwner();
  const annsTasks = createClient<ScriptedContract>({ url, headers: () => ann });
  await annsTasks.script.echo.run({ text: 'early' });
  const loud = newOwner();
  const others = createClient<ScriptedContract>({ url, headers: () => loud });
  for (let n = 0; n < 60; n += 1) await others.script.echo.run({ text: 'noise' });

  const firstOf = async (headers: Headers, lastEventId: string, until: (text: string) => boolean) => {
    const leave = new AbortController();
    const input = encodeURIComponent(JSON.stringify({ lastEventId }));
    const response = await fetch(`${url}/trpc/tasks.watch?input=${input}`, {
      headers: { ...headers, accept: 'text/event-stream' },
      signal: leave.signal,
    });
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (until(text)) break;
    }
    leave.abort();
    return text;
  };
  const refused = await firstOf(ann, '0', text => text.includes('"open"'));
  expect(refused).toContain('{"type":"open","missed":true}');
  const newest = /id: (\d+)/.exec(refused)?.[1] ?? '';

  // From there on nothing is missed, and what is near enough is read again, without anybody else's events.
  const { id } = await annsTasks.script.echo.start({ text: 'late' });
  await annsTasks.script.echo.handle(id).result();
  const resumed = await firstOf(ann, newest, text => text.includes('"completed"'));
  expect(resumed).toContain('{"type":"open"}');
  expect(resumed).toContain(id);
  expect(resumed).not.toContain('noise');

  // An administrator sees all of it, and gets all of it, in pages.
  const all = await firstOf({ 'x-owner': 'root' }, '0', text => text.includes(id));
  expect(all).toContain('{"type":"open"}');
  expect(all.split('"noise"').length).toBeGreaterThan(59);
});
