import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Stack, startStack, within } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { byHeader } from '../api/callers.ts';

let stack: Stack<ScriptedContract>;
/** A gateway with the default limits, and one that takes small inputs only. */
let gateways: Readonly<Record<'large' | 'small', URL>>;
beforeAll(async () => {
  stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    executors: 0,
    gateway: { authenticate: byHeader },
  });
  const small = await stack.addGateway({ authenticate: byHeader, payloadLimitBytes: megabyte });
  gateways = { large: new URL(stack.gateways[0]?.url ?? ''), small: new URL(small.url) };
});
afterAll(() => stack[Symbol.asyncDispose]());

const megabyte = 1024 * 1024;
/** More than what two sockets of one machine take without a reader. */
const bodyBytes = 24 * megabyte;
const broad = Buffer.from(`{"input":{"x":[${'1,'.repeat(megabyte)}`);
const narrow = Buffer.from(`{"input":{"text":"${'x'.repeat(megabyte)}`);

type Way = {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
};
const tRPC: Way = { path: '/trpc/script.echo.start' };
const startMany: Way = { path: '/trpc/script.echo.startMany' };
const batch: Way = { path: '/trpc/script.echo.start,script.echo.start?batch=1' };
const rest: Way = { path: '/v1/tasks/script.echo' };
const ways = { tRPC, startMany, batch, rest };

type Refusal = readonly [what: string, way: Way, begin: Buffer, status: number, reason: string];
const refusals: readonly Refusal[] = [
  ...Object.entries(ways).flatMap(([name, way]): Refusal[] => [
    [`${name}: too many values`, way, broad, 413, 'TOO_MANY_VALUES'],
    [`${name}: too many bytes`, way, narrow, 413, 'PAYLOAD_TOO_LARGE'],
  ]),
  ['REST: nobody', { ...rest, headers: { 'x-owner': '' } }, narrow, 401, 'UNAUTHENTICATED'],
  ['REST: a method that there is not', { ...rest, method: 'PUT' }, narrow, 405, 'METHOD_NOT_ALLOWED'],
  [
    'REST: another media type',
    { ...rest, headers: { 'content-type': 'image/png' } },
    narrow,
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  ],
];
const gatewayFor = (begin: Buffer) => gateways[begin === broad ? 'large' : 'small'];
const framings = ['with its length', 'in chunks'] as const;

describe.each(framings)('a refused request %s', framing => {
  const isChunked = framing === 'in chunks';

  test.each(refusals)(
    'is answered though its client reads only after it has written all. %s',
    async (_what, way, begin, status, reason) => {
      await using sent = await open(gatewayFor(begin), way, isChunked);
      const rest = Buffer.alloc(megabyte, begin.subarray(-2));
      await sent.write(begin);
      for (let left = bodyBytes - begin.length; left > 0; left -= rest.length)
        await sent.write(rest.subarray(0, left));
      await sent.finish();
      const answer = await sent.answer();
      expect(answer.status).toBe(status);
      expect(answer.body).toContain(reason);
    },
  );

  test.each(refusals)(
    'is answered before its client has written all. %s',
    async (_what, way, begin, status, reason) => {
      await using sent = await open(gatewayFor(begin), way, isChunked);
      await sent.write(begin);
      // Too large only with what follows, where its length does not say so.
      for (let more = 0; more < 3; more += 1) await sent.write(Buffer.alloc(megabyte, begin.subarray(-2)));
      const answer = await sent.answer();
      expect(answer.status).toBe(status);
      expect(answer.body).toContain(reason);
      // A caller who continues in drops is not cut off either.
      for (let drop = 0; drop < 20; drop += 1) await sent.write(Buffer.alloc(1_000, begin.subarray(-2)));
      expect(sent.isOpen()).toBe(true);
    },
  );
});

test('heads that are too long, and bytes that are no request, are answered with a client that writes on', async () => {
  const long = `GET /v1/tasks?${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`;
  for (const [head, reason] of [
    [long, 'HEADERS_TOO_LARGE'],
    ['NONSENSE\r\n\r\n', 'INVALID_REQUEST'],
  ] as const) {
    await using sent = await openSocket(gateways.small);
    await sent.write(Buffer.from(head));
    await sent.write(Buffer.alloc(megabyte / 2, 'x'));
    const answer = await sent.answer();
    expect(answer.body).toContain(reason);
    // Once, and nothing behind it.
    expect(answer.whole.match(/HTTP\/1\.1/g)).toHaveLength(1);
  }
});

async function open(url: URL, { path, method = 'POST', headers }: Way, isChunked: boolean) {
  const sent = await openSocket(url, isChunked);
  const all = {
    host: url.host,
    'x-owner': 'ann',
    'content-type': 'application/json',
    ...(isChunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(bodyBytes) }),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  sent.socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  return sent;
}

/** A client that fails where its connection is reset, and that reads only when it is asked to. */
async function openSocket(url: URL, isChunked = false) {
  const socket: Socket = connect({ port: Number(url.port), host: url.hostname });
  await once(socket, 'connect');
  socket.pause();
  let failure: Error | undefined;
  socket.on('error', error => {
    failure = error;
  });
  const write = async (bytes: Buffer) => {
    const parts = isChunked ? [`${bytes.length.toString(16)}\r\n`, bytes, '\r\n'] : [bytes];
    for (const part of parts) {
      const written = new Promise<void>((resolve, reject) =>
        socket.write(part, error => (error ? reject(error) : resolve())),
      );
      await within('a write that the gateway takes', written);
    }
  };
  return {
    socket,
    write,
    finish: async () => {
      if (isChunked) socket.write('0\r\n\r\n');
    },
    isOpen: () => socket.writable && failure === undefined,
    /** The answer, without waiting for the end of the connection. */
    answer: async () => {
      let whole = '';
      const read = new Promise<void>((resolve, reject) => {
        socket.on('data', data => {
          whole += String(data);
          const [head = '', body] = whole.split('\r\n\r\n', 2);
          const length = /content-length: (\d+)/i.exec(head)?.[1];
          if (body !== undefined && length !== undefined && body.length >= Number(length)) resolve();
        });
        socket.once('close', () => reject(failure ?? new Error(`No answer but ${whole}`)));
      });
      socket.resume();
      await within('the answer', read);
      const [head = '', body = ''] = whole.split('\r\n\r\n', 2);
      return { status: Number(head.split(' ')[1]), body, whole };
    },
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
    },
  };
}
