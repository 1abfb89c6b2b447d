import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { type Duplex, Writable } from 'node:stream';
import type { GatewayRouter } from '@longhaul/proto/wire';
import { createLogger } from '@longhaul/runtime';
import { eventThat, startStack, within } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { createTRPCClient, createWSClient, TRPCClientError, wsLink } from '@trpc/client';
import { pino } from 'pino';
import { describe, expect, inject, it } from 'vitest';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Keeps what is logged. */
function recorder() {
  const lines: string[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(...chunk.toString('utf8').trimEnd().split('\n'));
      done();
    },
  });
  const parsed = () => lines.map(line => JSON.parse(line) as Record<string, unknown>);
  return { lines, stream, parsed };
}
const system = (more: Partial<Parameters<typeof startStack<ScriptedContract>>[0]> = {}) =>
  startStack({ natsUrl: inject('natsUrl'), contract: scriptedContract, handlers: scriptedHandlers, ...more });

describe('ids of requests', () => {
  it("are the caller's own where they are well-formed, in every answer, and in the log beside the task's id", async () => {
    const { stream, parsed } = recorder();
    const logger = pino({ level: 'debug' }, stream);
    await using stack = await system({ gateway: { logger }, executor: { logger } });
    const { url } = stack.gateways[0]!;
    const answerOf = async (path: string, id?: string, init: RequestInit = {}) => {
      const headers = {
        'content-type': 'application/json',
        ...(id === undefined ? {} : { 'x-request-id': id }),
      };
      return fetch(`${url}${path}`, { ...init, headers });
    };
    const body = JSON.stringify({ input: { text: 'a' } });
    const answer = await answerOf('/trpc/script.echo.run', 'call-1', { method: 'POST', body });
    expect(answer.headers.get('x-request-id')).toBe('call-1');
    const { result } = (await answer.json()) as { result: { data: { id: string } } };
    for (const path of ['/healthz', '/trpc/script.echo.nothing', '/nowhere'])
      expect((await answerOf(path, 'call-2')).headers.get('x-request-id')).toBe('call-2');
    expect((await answerOf('/healthz')).headers.get('x-request-id')).toMatch(uuid);
    for (const bad of ['with space', '-first', 'x'.repeat(129), '{"a":1}'])
      expect((await answerOf('/healthz', bad)).headers.get('x-request-id')).toMatch(uuid);

    const socket = request(`${url}/trpc`, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'x-request-id': 'socket-1',
      },
    }).end();
    const [switched, opened] = (await once(socket, 'upgrade')) as [IncomingMessage, Duplex];
    opened.destroy();
    expect([switched.statusCode, switched.headers['x-request-id']]).toEqual([101, 'socket-1']);

    const accepted = parsed().find(({ msg }) => msg === 'a task was accepted');
    expect(accepted).toMatchObject({ requestId: 'call-1', taskId: result.data.id, task: 'script.echo' });
    const written = (message: string) => parsed().some(({ msg }) => msg === message);
    await within(
      'both lines',
      (async () => {
        while (!written('request') || !written('an attempt has ended')) await new Promise(setImmediate);
      })(),
    );
    const [line] = parsed().filter(({ msg }) => msg === 'request');
    expect(line).toMatchObject({
      requestId: 'call-1',
      method: 'POST',
      path: '/trpc/script.echo.run',
      status: 200,
      durationMs: expect.any(Number),
    });
    const ended = parsed().find(({ msg }) => msg === 'an attempt has ended');
    expect(ended).toMatchObject({ taskId: result.data.id, attempt: 1, outcome: 'completed' });
  });

  it('cost no line where the level is not written, or none is wanted', async () => {
    const [quiet, off] = [recorder(), recorder()];
    await using stack = await system({ gateways: 0, executors: 0 });
    const first = await stack.addGateway({ logger: pino({ level: 'info' }, quiet.stream) });
    const second = await stack.addGateway({
      logger: pino({ level: 'trace' }, off.stream),
      requestLog: 'off',
    });
    for (const { url } of [first, second]) await fetch(`${url}/healthz`);
    await Promise.all([first.stop(), second.stop()]);
    for (const { parsed } of [quiet, off])
      expect(parsed().filter(({ msg }) => msg === 'request')).toEqual([]);
  });
});

describe('a trace that the gateway itself does not record', () => {
  it('is handed on with the request as it came, if it is one', async () => {
    await using stack = await system({ executors: 0 });
    const { jsm, topology } = stack.broker;
    const handedOn = async (traceparent: string) => {
      const { id } = await stack
        .tasksOf(stack.gateways[0]!, { traceparent })
        .script.echo.start({ text: 'a' });
      const stored = await jsm.streams.getMessage(topology.requestStream, {
        last_by_subj: topology.subjects.requestOf(id),
      });
      return stored?.header.get('traceparent');
    };
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    expect(await handedOn(traceparent)).toBe(traceparent);
    expect(await handedOn('no traceparent')).toBe('');
  });
});

describe('secrets', () => {
  it('are in no line of the log and in no error, whatever the way they come in', async () => {
    const canary = 'c4n4ry-5ecret';
    const { lines, stream } = recorder();
    // Without any redaction: nothing may even be given to the logger.
    const logger = pino({ level: 'trace' }, stream);
    const nats = { servers: inject('natsUrl'), options: { user: 'gateway', pass: canary } };
    const failing = { fails: false };
    await using stack = await system({
      gateway: {
        logger,
        nats,
        requestLog: 'info',
        authenticate: ({ headers }) => {
          if (failing.fails) throw new Error('the key store is down');
          return headers.authorization === `Bearer ${canary}` ? { owner: 'ann', role: 'user' } : undefined;
        },
      },
      executor: { logger, nats },
    });
    const { url } = stack.gateways[0]!;
    const headers = {
      authorization: `Bearer ${canary}`,
      'x-api-key': canary,
      cookie: `session=${canary}`,
      'x-request-id': `bad ${canary}`,
      'content-type': 'application/json',
    };
    const errors: string[] = [];
    const send = async (path: string, init: RequestInit = {}) => {
      const answer = await fetch(`${url}${path}`, { headers, ...init });
      errors.push(`${[...answer.headers]} ${await answer.text()}`);
      return answer.status;
    };
    const input = encodeURIComponent(JSON.stringify({ id: canary }));
    const params = encodeURIComponent(JSON.stringify({ token: canary }));
    // What succeeds, what is refused, what is malformed, and what fails within.
    const run = { method: 'POST', body: JSON.stringify({ input: { text: 'a' } }) };
    expect(await send('/trpc/script.echo.run', run)).toBe(200);
    expect(
      await send('/trpc/script.echo.run', {
        ...run,
        headers: { ...headers, authorization: `Bearer no-${canary}` },
      }),
    ).toBe(401);
    expect(await send(`/trpc/tasks.get?input=${input}&connectionParams=${params}`)).toBe(400);
    // A stream says what is wrong with it in an event.
    expect(await send(`/trpc/script.echo.watch?input=${input}&connectionParams=${params}`)).toBe(200);
    expect(await send('/trpc/script.echo.run', { method: 'POST', body: `{"token":"${canary}` })).toBe(400);
    expect(await send(`/nowhere?token=${canary}`)).toBe(404);
    failing.fails = true;
    expect(await send(`/trpc/tasks.get?input=${input}&connectionParams=${params}`)).toBe(500);
    expect(
      await send(`/metrics?token=${canary}`, { headers: { ...headers, 'x-forwarded-for': '203.0.113.7' } }),
    ).toBe(500);
    failing.fails = false;

    const client = createWSClient({
      url: `${url.replace('http', 'ws')}/trpc`,
      connectionParams: { token: canary },
      retryDelayMs: () => 60_000,
    });
    const trpc = createTRPCClient<GatewayRouter<ScriptedContract>>({ links: [wsLink({ client })] });
    const refused: unknown = await trpc.tasks.list.query({}).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TRPCClientError);
    errors.push(`${refused}`);
    await client.close();

    const task = await stack.tasksOf({ url }, headers).script.hang.start({});
    await eventThat(stack.broker, 'runs', ({ id, event }) => id === task.id && event.type === 'started');
    await stack.executors[0]!.stop({ drainMs: 0 });
    await stack.gateways[0]!.stop();
    expect(lines.some(line => line.includes('the key store is down'))).toBe(true);
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.filter(line => line.includes(canary))).toEqual([]);
    expect(errors.filter(text => text.includes(canary))).toEqual([]);
  });

  it('are redacted should somebody log them after all', () => {
    const { lines, parsed, stream } = recorder();
    const logger = createLogger('test', 'info', stream);
    const secret = 'hush-hush';
    logger.info({ apiKey: secret, req: { url: `/trpc/a?token=${secret}`, method: 'GET' } }, 'top');
    logger.info(
      { request: { headers: { authorization: secret, cookie: secret, 'x-api-key': secret } } },
      'deep',
    );
    logger.info({ nats: { options: { pass: secret, token: secret, nkey: secret } } }, 'nats');
    const error = new Error(`cannot reach nats://gateway:${secret}@nats.example:4222`);
    logger.error({ err: Object.assign(error, { options: { password: secret } }) }, 'error');
    expect(lines.filter(line => line.includes(secret))).toEqual([]);
    expect(parsed()).toMatchObject([
      { apiKey: '[Redacted]', req: { url: '/trpc/a', method: 'GET' } },
      { request: { headers: { authorization: '[Redacted]', 'x-api-key': '[Redacted]' } } },
      { nats: { options: { pass: '[Redacted]' } } },
      { err: { message: 'cannot reach nats://[Redacted]@nats.example:4222' } },
    ]);
  });
});
