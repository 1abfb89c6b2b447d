import { type SpawnedService, spawnGateway } from '@longhaul/testkit';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import WebSocket from 'ws';

let gateway: SpawnedService & { readonly url: string };
beforeAll(async () => {
  gateway = await spawnGateway({ natsUrl: inject('natsUrl'), namespace: `broad_${process.pid}` });
  // The first call of each way compiles its code, which is not what is measured.
  for (const [, send] of ways) await send('{"text":"first"}');
});
afterAll(() => gateway[Symbol.asyncDispose]());

const megabytes = (count: number, text: string) => text.repeat(Math.ceil((count * 1e6) / text.length));
const list = (count: number, item: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => item(n)).join();
/** Inputs of some megabytes each, as JSON. What is within the limits is only large. */
const inputs: readonly (readonly [what: string, json: string, fits: boolean])[] = [
  ['a million members', `{${list(1_000_000, n => `"${n.toString(36)}":1`)}}`, false],
  ['many objects of one member each, all different', `[${list(600_000, n => `{"k${n}":1}`)}]`, false],
  ['a list of many numbers', `[${megabytes(8, '1,')}1]`, false],
  ['a list of many empty lists', `[${megabytes(8, '[],')}1]`, false],
  ['many small texts', `[${list(900_000, n => `"t${n}"`)}]`, false],
  ['the same member again and again', `{${megabytes(8, '"a":1,')}"a":1}`, false],
  ['members named __proto__', `{${megabytes(8, '"__proto__":{"a":1},')}"a":1}`, false],
  ['lists in lists', `${'['.repeat(6_000_000)}${']'.repeat(6_000_000)}`, false],
  ['objects in objects', `${'{"a":'.repeat(2_000_000)}1${'}'.repeat(2_000_000)}`, false],
  ['one member of a very long name', `{"${'x'.repeat(8_000_000)}":1}`, false],
  ['what is not JSON', megabytes(8, ']},{['), false],
  ['one long text', JSON.stringify('x'.repeat(8_000_000)), true],
  ['one long text of escapes', `"${megabytes(6, '\\u0041')}"`, true],
  ['a number of many digits', megabytes(8, '9'), true],
  ['spaces', `{"text":${' '.repeat(8_000_000)}1}`, true],
];

const json = { 'content-type': 'application/json' };
type Answer = { readonly status: number; readonly body: string };
const post = async (path: string, body: string): Promise<Answer> => {
  const response = await fetch(`${gateway.url}${path}`, { method: 'POST', headers: json, body });
  return { status: response.status, body: await response.text() };
};
const overWebSocket = async (message: string): Promise<Answer> => {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/trpc`);
  const body = await new Promise<string>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('message', data => resolve(String(data)));
    socket.once('open', () => socket.send(message));
  });
  socket.close();
  return {
    status:
      (JSON.parse(body) as { error?: { data?: { httpStatus?: number } } }).error?.data?.httpStatus ?? 200,
    body,
  };
};
const ways: readonly (readonly [string, (input: string) => Promise<Answer>])[] = [
  ['a call of tRPC', input => post('/trpc/script.echo.start', `{"input":${input}}`)],
  [
    'a batch of tRPC',
    input => post('/trpc/script.echo.start,tasks.cancel?batch=1', `{"0":{"input":${input}},"1":{}}`),
  ],
  ['startMany', input => post('/trpc/script.echo.startMany', `{"tasks":[{"input":${input}}]}`)],
  ['REST', input => post('/v1/tasks/script.echo', input)],
  [
    'a WebSocket',
    input =>
      overWebSocket(
        `{"id":7,"method":"mutation","params":{"path":"script.echo.start","input":{"input":${input}}}}`,
      ),
  ],
  [
    'a WebSocket, the id last',
    input =>
      overWebSocket(
        `{"params":{"input":{"input":${input}},"path":"script.echo.start"},"method":"mutation","id":7}`,
      ),
  ],
];

describe.each(ways)('by %s', (_way, send) => {
  test.each(inputs)(
    '%s: /healthz answers within 100 ms throughout, and the refusal is typed',
    async (_what, input, fits) => {
      await gateway.busyMs();
      const [answer, health] = await Promise.all([send(input), fetch(`${gateway.url}/healthz`)]);
      expect(await gateway.busyMs()).toBeLessThan(100);
      expect(health.status).toBe(200);
      if (fits) {
        expect(answer.body).not.toContain('TOO_MANY_VALUES');
        expect(answer.status).toBeLessThan(500);
        return;
      }
      expect(answer.status).toBe(413);
      expect(answer.body).toContain('TOO_MANY_VALUES');
      expect(answer.body).toMatch(/100000 values|10000 different names/);
      expect(answer.body).toContain('jsonBreadth');
    },
  );
});

test('the socket that a message was refused on serves the calls behind it, in their order', async () => {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/trpc`);
  const answers: { readonly id: number; readonly error?: object }[] = [];
  const all = new Promise<void>(resolve => {
    socket.on('message', data => {
      answers.push(JSON.parse(String(data)) as (typeof answers)[number]);
      if (answers.length === 4) resolve();
    });
  });
  await new Promise(resolve => socket.once('open', resolve));
  const call = (id: number, input: string) =>
    `{"id":${id},"method":"query","params":{"path":"tasks.list","input":${input}}}`;
  const broad = `{"x":[${megabytes(1, '1,')}1]}`;
  socket.send(`[${call(1, '{}')},${call(2, broad)}]`);
  socket.send(call(3, broad));
  socket.send(call(4, '{}'));
  await all;
  socket.close();
  // The calls of one message share its refusal.
  expect(answers.map(({ id, error }) => [id, error === undefined])).toEqual([
    [1, false],
    [2, false],
    [3, false],
    [4, true],
  ]);
});

test('a body of many pieces that fits arrives whole, and one that breaks off is no refusal', async () => {
  const fits = JSON.stringify({
    input: { text: 'x'.repeat(300_000), list: Array.from({ length: 50_000 }, (_, n) => n) },
  });
  const answer = await post('/trpc/script.echo.start', fits);
  expect(JSON.parse(answer.body)).toMatchObject({ result: { data: { status: 'PENDING' } } });
  const leave = new AbortController();
  const body = new ReadableStream<Uint8Array>({
    start: controller => controller.enqueue(Buffer.from(`{"input":{"text":"${'x'.repeat(100_000)}`)),
  });
  const broken = fetch(`${gateway.url}/trpc/script.echo.start`, {
    method: 'POST',
    headers: json,
    body,
    duplex: 'half',
    signal: leave.signal,
  });
  setTimeout(() => leave.abort(), 50);
  await expect(broken).rejects.toThrow();
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200);
});
