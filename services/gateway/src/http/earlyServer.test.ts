import { lookup } from 'node:dns/promises';
import { createClient, gatewayErrorOf } from '@longhaul/client';
import type { scriptedContract } from '@longhaul/testkit';
import { fastify } from 'fastify';
import { afterEach, expect, test } from 'vitest';
import { protectionLimits } from '../protection/protectionOptions.ts';
import { EarlyServer } from './earlyServer.ts';

const limits = protectionLimits({}, false);
const opened: EarlyServer[] = [];
afterEach(async () => {
  for (const early of opened.splice(0)) await early.close();
});

async function open(host = '127.0.0.1') {
  const early = await EarlyServer.open({ host, port: 0 }, limits);
  opened.push(early);
  const app = fastify({ serverFactory: early.factory });
  app.get('/readyz', async () => ({ status: 'ready' }));
  app.post('/echo', async ({ body }) => body);
  const address = app.server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { early, app, port, url: `http://127.0.0.1:${port}` };
}

const why = 'In NATS, no answer from the bucket of records (stream KV_tasks).';
const said = `The gateway is starting. ${why}`;

test('it is alive and not ready, and says what its start waits for', async () => {
  const { early, url } = await open();
  const ready = async () => {
    const answer = await fetch(`${url}/readyz`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
    return ((await answer.json()) as { why: string }).why;
  };
  expect(await ready()).toBe('The gateway is starting.');
  early.waitsFor(why);
  expect(await ready()).toBe(said);
  early.waitsFor(undefined);
  expect(await ready()).toBe('The gateway is starting.');
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect((await fetch(`${url}/readyz`, { method: 'HEAD' })).status).toBe(503);
});

test('calls are refused as the façade that is asked refuses them', async () => {
  const { early, url } = await open();
  early.waitsFor(why);
  const rest = await fetch(`${url}/v1/tasks/script.echo`, { method: 'POST', body: 'x'.repeat(5_000_000) });
  expect(rest.headers.get('content-type')).toBe('application/problem+json');
  expect(await rest.json()).toMatchObject({
    status: 503,
    code: 'NATS_UNAVAILABLE',
    detail: `${said} Try again in a moment.`,
  });
  expect(await (await fetch(`${url}/metrics`)).json()).toMatchObject({
    error: { reason: 'NATS_UNAVAILABLE' },
  });
  const { script } = createClient<typeof scriptedContract>({ url, headers: () => ({}) });
  const start = () =>
    script.echo.start({ text: 'x' }).then(
      () => 'accepted',
      (error: unknown) => gatewayErrorOf(error),
    );
  const refused = { reason: 'NATS_UNAVAILABLE', message: expect.stringContaining(why) };
  // Alone, and as one batch.
  expect(await start()).toMatchObject(refused);
  expect(await Promise.all([start(), start(), start()])).toMatchObject([refused, refused, refused]);
});

test('when the gateway is ready, the same server serves, and no connection is refused in between', async () => {
  const { app, url } = await open();
  const statuses: number[] = [];
  let isReady = false;
  const asking = (async () => {
    // It ends with the first answer after the gateway was ready.
    for (let asked = false; !asked; ) {
      asked = isReady;
      statuses.push((await fetch(`${url}/readyz`)).status);
    }
  })();
  await expect.poll(() => statuses.length).toBeGreaterThan(5);
  expect(await app.listen()).toBe(url);
  isReady = true;
  await asking;
  expect(statuses[0]).toBe(503);
  expect(statuses.at(-1)).toBe(200);
  expect(statuses.toSorted((a, b) => b - a)).toEqual(statuses);
  await app.close();
  await expect(fetch(`${url}/readyz`)).rejects.toThrow();
});

test('localhost is every address of that name', async () => {
  const { app, port } = await open('localhost');
  await app.listen();
  const all = await lookup('localhost', { all: true });
  for (const { address, family } of all) {
    const answer = await fetch(`http://${family === 6 ? `[${address}]` : address}:${port}/echo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"x":1}',
    });
    expect(await answer.json()).toEqual({ x: 1 });
  }
  await app.close();
});

test('says at once that its port is taken', async () => {
  const { port } = await open();
  await expect(EarlyServer.open({ host: '127.0.0.1', port }, limits)).rejects.toMatchObject({
    code: 'ADDRESS_IN_USE',
  });
});
