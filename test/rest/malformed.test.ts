import { connect, type Socket } from 'node:net';
import { type Stack, startStack, within } from '@longhaul/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { WebSocket } from 'ws';
import { authenticate, contract, type DemoContract, handlers } from './demo.ts';
import { body, contentType, type Request, request, strangeJson, strangeText } from './strangeRequests.ts';

/**
 * Whatever is sent, the gateway answers in time, with no error of its own, and says nothing of its code. Errors that
 * the gateway does not know as its own would be logged; the stack's logger writes them into the test's output, and
 * their status, 500, fails the property.
 */
const runs = {
  seed: 20_261_121,
  numRuns: 150,
  interruptAfterTimeLimit: 2_500,
  markInterruptAsFailure: false,
};

let stack: Stack<DemoContract>;
let url: string;

beforeAll(async () => {
  stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract,
    handlers,
    executors: 0,
    gateway: { authenticate },
  });
  url = stack.gateways[0]?.url ?? '';
});
afterAll(() => stack[Symbol.asyncDispose]());

/** What nobody should be told. */
const ofTheCode = /\bat .*\.ts:\d|node_modules|\/src\/|\/services\//;

async function expectHarmless(path: string, init: RequestInit): Promise<void> {
  const response = await within(
    `an answer to ${path}`,
    fetch(`${url}${path}`, { redirect: 'manual', ...init }),
    5_000,
  );
  const text = response.headers.get('content-type')?.startsWith('text/event-stream')
    ? await response.body?.cancel().then(() => '')
    : await within('the body', response.text(), 5_000);
  expect(response.status, `${path}: ${text}`).toBeLessThan(500);
  expect(text).not.toMatch(ofTheCode);
  if (path.startsWith('/v1') && response.status >= 400 && init.method !== 'HEAD') {
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(JSON.parse(text ?? '')).toMatchObject({
      status: response.status,
      type: expect.stringMatching(/^\/docs\/errors#/),
    });
  }
}

function send({ method: verb, path: to, query: asked, body: content, contentType: type, headers }: Request) {
  const bare = verb === 'GET' || verb === 'HEAD';
  return expectHarmless(asked === '' ? to : `${to}?${asked}`, {
    method: verb,
    headers: {
      ...Object.fromEntries(headers),
      'x-owner': 'ann',
      ...(type === '' || bare ? {} : { 'content-type': type }),
    },
    ...(bare ? {} : { body: content as string }),
  });
}

describe('malformed input is answered, and never an error of the gateway', () => {
  it('to REST, of every kind at once', () => fc.assert(fc.asyncProperty(request, send), runs));

  it('to REST, as JSON to the operations that take it', () => {
    const operation = fc.constantFrom(
      ...[
        '/v1/tasks/demo.greet',
        '/v1/tasks/demo.greet/batch',
        '/v1/bots/b/actions/greet',
        '/v1/bots/b/greetings/en',
      ],
      ...['/v1/schedules', '/v1/cancellations'],
    );
    return fc.assert(
      fc.asyncProperty(operation, body, (to, content) =>
        expectHarmless(to, {
          method: 'POST',
          body: content as string,
          headers: { 'x-owner': 'ann', 'content-type': 'application/json' },
        }),
      ),
      runs,
    );
  });

  const procedure = fc.constantFrom(
    ...['demo.greet.start', 'demo.greet.startMany', 'demo.greet.run', 'demo.greet.get', 'demo.greet.result'],
    ...[
      'tasks.list',
      'tasks.cancel',
      'tasks.cancelMany',
      'tasks.retry',
      'tasks.watch',
      'tasks.pause',
      'tasks.types',
    ],
    ...[
      'schedules.create',
      'schedules.list',
      'schedules.get',
      'schedules.delete',
      'demo',
      'tasks',
      '__proto__',
    ],
    ...[
      'constructor',
      'demo.greet.start,demo.greet.start',
      'toString',
      '%2e',
      '%zz',
      '%ff',
      'a'.repeat(6_000),
    ],
  );

  it('to tRPC, by POST', () =>
    fc.assert(
      fc.asyncProperty(procedure, fc.boolean(), body, contentType, (name, batch, content, type) =>
        expectHarmless(`/trpc/${name}${batch ? '?batch=1' : ''}`, {
          method: 'POST',
          body: content as string,
          headers: { 'x-owner': 'ann', ...(type === '' ? {} : { 'content-type': type }) },
        }),
      ),
      runs,
    ));

  it('to tRPC, by GET', () => {
    const input = fc.oneof(
      strangeJson.map(value => encodeURIComponent(JSON.stringify(value).toWellFormed())),
      strangeText.map(text => encodeURIComponent(text.toWellFormed())),
      fc.constantFrom('%', '%zz', '%7B%22id%22%3A%22', '%7B%22lastEventId%22%3A%22-1%22%7D'),
      fc.integer({ min: 100, max: 4_000 }).map(depth => '['.repeat(depth) + ']'.repeat(depth)),
    );
    return fc.assert(
      fc.asyncProperty(procedure, fc.boolean(), input, (name, batch, value) =>
        expectHarmless(`/trpc/${name}?${batch ? 'batch=1&' : ''}input=${value}`, {
          headers: { 'x-owner': 'ann' },
        }),
      ),
      runs,
    );
  });

  it('to tRPC, over a WebSocket, which lives on', async () => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/trpc`, { headers: { 'x-owner': 'ann' } });
    await within('the connection', new Promise(resolve => socket.once('open', resolve)));
    const call = { id: 'last', method: 'query', params: { path: 'tasks.types', input: null } };
    const answered = new Promise<void>(resolve =>
      socket.on('message', data => {
        expect(String(data)).not.toMatch(ofTheCode);
        expect(String(data)).not.toContain('INTERNAL_SERVER_ERROR');
        if (String(data).includes('"last"')) resolve();
      }),
    );
    const bodies = fc.sample(fc.tuple(procedure, strangeJson), { numRuns: 100, seed: 1 });
    for (const [name, input] of bodies)
      socket.send(JSON.stringify({ id: 1, method: 'mutation', params: { path: name, input } }));
    socket.send(
      `{"id":2,"method":"mutation","params":{"path":"demo.greet.start","input":{"input":${'['.repeat(9_000)}${']'.repeat(9_000)}}}}`,
    );
    socket.send(JSON.stringify(call));
    await within('an answer after all that', answered);
    socket.close();
  });
});

describe('bytes that are no request', () => {
  /** What is answered before the connection ends. */
  async function answerTo(bytes: string): Promise<string> {
    const { hostname, port } = new URL(url);
    const socket: Socket = connect(Number(port), hostname);
    let text = '';
    const ended = new Promise<void>((resolve, reject) => {
      socket.on('data', data => {
        text += data.toString();
      });
      socket.once('close', () => resolve());
      socket.once('error', reject);
    });
    socket.write(bytes);
    await within('the end of the connection', ended);
    return text;
  }

  it.each([
    ['GARBAGE\r\n\r\n', 400],
    ['GET /v1/tasks HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n', 400],
    [`GET /v1/tasks HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    [`GET /v1/tasks?limit=${'1'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431],
  ])('%j', async (bytes, status) => {
    const answer = await answerTo(bytes);
    expect(answer.startsWith(`HTTP/1.1 ${status} `), answer).toBe(true);
    expect(answer).toContain('application/problem+json');
    const body = JSON.parse(answer.slice(answer.indexOf('{'))) as object;
    expect(body).toMatchObject({ status, type: expect.stringMatching(/^\/docs\/errors#/) });
  });
});
