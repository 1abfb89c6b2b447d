import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { createConnection, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { eventThat, type Stack, startStack, within } from '@longhaul/testing';
import {
  type ScriptedContract,
  type SpawnedService,
  scriptedContract,
  scriptedHandlers,
  spawnGateway,
} from '@longhaul/testkit';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import WebSocket from 'ws';
import { readMetrics, sumOf } from '../observe/readMetrics.ts';
import { RawWatcher } from './rawWatcher.ts';

/** Slow readers cannot make the gateway grow, however they watch: real sockets that are not read any more. */

const eventBytes = 126 * 1024;
/** Fewer progress events than a task keeps (200 at least), so that every one can be read again. */
const eventCount = 190;
const slowOnes = 6;
/** Unbounded, the slow ones alone would have the gateway keep 140 MiB. */
const mostGrowthBytes = 100 * 1024 * 1024;
const stalledMs = 1_000;

let stack: Stack<ScriptedContract>;
let gateway: SpawnedService & { readonly url: string };
/** Lets the handler continue that has reported its first progress. */
let flood = Promise.withResolvers<void>();
beforeAll(async () => {
  stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: {
      script: {
        ...scriptedHandlers.script,
        count: async ({ progress }) => {
          progress({ percent: 0 });
          await flood.promise;
          const description = 'x'.repeat(eventBytes);
          for (let step = 1; step <= eventCount; step += 1) {
            progress({ percent: (100 * step) / eventCount, description });
            // The executor sends what it was given before more is given to it.
            await new Promise(resolve => setTimeout(resolve, 1));
          }
          return { steps: eventCount };
        },
      },
    },
    gateways: 0,
  });
  gateway = await spawnGateway({
    natsUrl: inject('natsUrl'),
    namespace: stack.namespace,
    protection: { stalledMs },
  });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

const metrics = async () => readMetrics(await (await fetch(`${gateway.url}/metrics`)).text());
const openNow = async () => sumOf(await metrics(), 'longhaul_streams');
const trpcPath = (id: string) =>
  `/trpc/script.count.watch?input=${encodeURIComponent(JSON.stringify({ id }))}`;
const restPath = (id: string) => `/v1/tasks/${id}/events`;

/** A task that has reported its first progress and continues once `flood` is resolved. */
async function startedTask() {
  flood = Promise.withResolvers<void>();
  const task = await stack.tasksOf(gateway).script.count.start({ steps: 1 });
  await eventThat(stack.broker, 'progress', ({ id, event }) => id === task.id && event.type === 'progress');
  return task;
}

/** Has the events flow until a watcher that reads has seen the end; tells by how much the gateway grew at most. */
async function growthUntil(ended: Promise<unknown>, beforeBytes: number): Promise<number> {
  let isOver = false;
  const over = ended.finally(() => {
    isOver = true;
  });
  flood.resolve();
  let mostBytes = 0;
  while (!isOver) {
    mostBytes = Math.max(mostBytes, await gateway.memoryBytes());
    await Promise.race([over, new Promise(resolve => setTimeout(resolve, 100))]);
  }
  await within('the end of the task', over);
  return mostBytes - beforeBytes;
}

/** The slow ones have been cut off, and what was kept for them is gone. */
async function expectLevel(beforeBytes: number): Promise<void> {
  await expect.poll(openNow, { timeout: 30_000, interval: 100 }).toBe(0);
  const growth = async () => (await gateway.memoryBytes()) - beforeBytes;
  await expect.poll(growth, { timeout: 30_000, interval: 100 }).toBeLessThan(12 * 1024 * 1024);
}

/** Each event behind the snapshot, once and in order. */
function expectAll([first = 0, ...ids]: readonly number[], stored: readonly number[]): void {
  const wanted = stored.filter(seq => seq > first);
  const wrongAt = wanted.findIndex((seq, i) => ids[i] !== seq);
  expect({ count: ids.length, wrongAt }).toEqual({ count: wanted.length, wrongAt: -1 });
}

it.each([
  ['Server-Sent Events of REST', restPath, 'event: completed'],
  ['Server-Sent Events of tRPC', trpcPath, '"type":"completed"'],
] as const)('%s: who does not read is cut off, and resumes without a gap', async (_name, path, lastWords) => {
  const before = await gateway.memoryBytes();
  const task = await startedTask();
  const watcher = () => new RawWatcher(gateway.url, path(task.id), lastWords);
  const reader = watcher();
  const slow = Array.from({ length: slowOnes }, watcher);
  await Promise.all([reader, ...slow].map(one => one.open()));
  await within('the first events', expect.poll(() => slow.every(({ ids }) => ids.length > 0)).toBe(true));
  for (const one of slow) one.fallSilent();

  expect(await growthUntil(reader.ended, before)).toBeLessThan(mostGrowthBytes);
  const stored = (await stack.events(task.id)).map(({ seq }) => seq);
  expectAll(reader.ids, stored);
  await expectLevel(before);

  for (const one of slow) one.comeBack();
  await within('the end for those who were cut off', Promise.all(slow.map(({ ended }) => ended)));
  for (const { ids } of slow) expectAll(ids, stored);
});

/** A WebSocket that watches a task; what it has received, by the id of each event. */
async function openSocket(id: string, lastEventId?: number) {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/trpc`);
  const ids: number[] = [];
  const ended = Promise.withResolvers<void>();
  socket.on('message', data => {
    const text = String(data);
    const [, event] =
      /"result":\{"type":"data","data":.*"id":"(\d+)"|"result":\{"id":"(\d+)"/.exec(text) ?? [];
    const id = event ?? /"id":"(\d+)"/.exec(text)?.[1];
    if (id !== undefined) ids.push(Number(id));
    if (text.includes('"type":"completed"')) ended.resolve();
  });
  socket.on('error', () => {});
  await once(socket, 'open');
  const input = { id, ...(lastEventId === undefined ? {} : { lastEventId: String(lastEventId) }) };
  socket.send(
    JSON.stringify({ id: 1, method: 'subscription', params: { path: 'script.count.watch', input } }),
  );
  return { socket, ids, ended: ended.promise };
}

it('WebSockets: who does not read is cut off, and resumes without a gap', async () => {
  const before = await gateway.memoryBytes();
  const task = await startedTask();
  const reader = await openSocket(task.id);
  const slow = await Promise.all(Array.from({ length: slowOnes }, () => openSocket(task.id)));
  await within('the first events', expect.poll(() => slow.every(({ ids }) => ids.length > 0)).toBe(true));
  for (const { socket } of slow) socket.pause();

  expect(await growthUntil(reader.ended, before)).toBeLessThan(mostGrowthBytes);
  reader.socket.close();
  await expectLevel(before);

  const stored = (await stack.events(task.id)).map(({ seq }) => seq);
  for (const { socket, ids } of slow) {
    const closed = once(socket, 'close');
    socket.resume();
    await within('the end of the socket', closed);
    const resumed = await openSocket(task.id, ids.at(-1));
    await within('the end of the task', resumed.ended);
    resumed.socket.close();
    expectAll([...ids, ...resumed.ids], stored);
  }
});

it('WebSockets: who asks and does not read the answers is not read any more', async () => {
  const before = await gateway.memoryBytes();
  const text = 'x'.repeat(200 * 1024);
  const { id } = await stack.tasksOf(gateway).script.echo.start({ text });
  const { socket } = await openSocket(id);
  socket.pause();
  let most = 0;
  for (let round = 0; round < 30; round += 1) {
    for (let call = 1; call <= 100; call += 1)
      socket.send(
        JSON.stringify({
          id: 1_000 * round + call,
          method: 'query',
          params: { path: 'tasks.get', input: { id } },
        }),
      );
    most = Math.max(most, await gateway.memoryBytes());
  }
  // All of the answers have 580 MiB.
  expect(most - before).toBeLessThan(250 * 1024 * 1024);
  socket.terminate();
  await expectLevel(before);
});

/** Asks for a path and reads no further than where the answer begins. Where it is refused for now, it asks again. */
async function unreadAnswer(url: URL): Promise<Socket> {
  for (;;) {
    const socket = createConnection(Number(url.port), url.hostname);
    socket.on('error', () => {});
    socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);
    const begun = new Promise<Buffer>(resolve =>
      socket.once('data', begin => {
        // At once: who reads on has the system give it a larger buffer, which then holds all of the answer.
        socket.pause();
        resolve(begin);
      }),
    );
    const head = (await within('an answer', begun)).toString('latin1').split('\r\n\r\n', 1)[0] ?? '';
    if (head.startsWith('HTTP/1.1 200 ')) return socket;
    expect(head).toMatch(/^HTTP\/1\.1 503 /);
    socket.destroy();
    const afterS = Number(/^retry-after: (\d+)/im.exec(head)?.[1] ?? 1);
    await new Promise(resolve => setTimeout(resolve, 1_000 * afterS));
  }
}

it('plain answers: who does not read them is cut off', async () => {
  const { script } = stack.tasksOf(gateway);
  const textBytes = 8 * 1024 * 1024;
  const { id, result } = await script.echo.start({ text: 'x'.repeat(textBytes) });
  await result();
  // Nobody else has a connection to this one.
  await using own = await spawnGateway({
    natsUrl: inject('natsUrl'),
    namespace: stack.namespace,
    protection: { stalledMs },
  });
  const before = await own.memoryBytes();
  // Both the input and the output are more than the sockets' buffers hold.
  const url = new URL(`/v1/tasks/${id}?include=input`, own.url);
  const sockets = await Promise.all(Array.from({ length: 5 }, () => unreadAnswer(url)));
  const connections = async () => {
    const [answer] = (await once(get(`${own.url}/metrics`, { agent: false }), 'response')) as [
      IncomingMessage,
    ];
    return sumOf(readMetrics(await text(answer)), 'longhaul_connections');
  };
  await expect.poll(connections, { timeout: 30_000, interval: 200 }).toBe(1);
  const growth = async () => (await own.memoryBytes()) - before;
  await expect.poll(growth, { timeout: 30_000 }).toBeLessThan(12 * 1024 * 1024);
  for (const socket of sockets) {
    const closed = once(socket, 'close');
    socket.resume();
    await within('the end of the connection', closed);
    expect(socket.bytesRead).toBeLessThan(2 * textBytes);
  }
});
