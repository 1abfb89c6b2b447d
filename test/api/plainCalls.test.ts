import { recordThat, startStack } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { pino } from 'pino';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { byHeader } from './callers.ts';

/** Nobody works on the queue, so that a task is the same however often it is asked for. */
const stack = await startStack({
  natsUrl: inject('natsUrl'),
  contract: scriptedContract,
  handlers: scriptedHandlers,
  executors: 0,
  gateway: {
    authenticate: credentials => {
      if (credentials.headers['x-owner'] === 'trouble') throw new Error('the directory does not answer');
      return byHeader(credentials);
    },
    // It logs what it cannot explain to its callers; one of them is meant to meet that.
    logger: pino({ level: 'silent' }),
  },
});
afterAll(() => stack[Symbol.asyncDispose]());
const url = `${stack.gateways[0]?.url}/trpc`;

type Answer = { status: number; headers: Record<string, string>; body: string; isFramed: boolean };
const errorId = /error [0-9a-f-]{36}/;

async function send(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const { date: _date, connection: _connection, ...headers } = Object.fromEntries(response.headers);
  delete headers['x-request-id'];
  delete headers.ratelimit;
  const isFramed = 'content-length' in headers;
  delete headers['content-length'];
  delete headers['transfer-encoding'];
  delete headers['keep-alive'];
  const body = (await response.text()).replace(errorId, 'error <id>');
  return { status: response.status, headers, body, isFramed };
}

/** The same call twice: as it is, and with a parameter that says nothing, which makes it one for tRPC's adapter. */
async function both(url: string, init: RequestInit): Promise<{ plain: Answer; adapter: Answer }> {
  const plain = await send(url, init);
  const adapter = await send(`${url}${url.includes('?') ? '&' : '?'}nothing=`, init);
  return { plain, adapter };
}

const post = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', 'x-owner': 'ann', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const get = (headers: Record<string, string> = {}): RequestInit => ({
  headers: { 'x-owner': 'ann', ...headers },
});
const withInput = (input: unknown) => `?input=${encodeURIComponent(JSON.stringify(input))}`;
const unknownId = '01890000-0000-7000-8000-000000000000';

describe('a plain call is answered byte for byte as by the adapter of tRPC', async () => {
  const start = { input: { text: 'ä "quoted" \u2028' }, idempotencyKey: 'one' };
  const started = await (await fetch(`${url}/script.echo.start`, post(start))).json();
  const { id } = (started as { result: { data: { id: string } } }).result.data;
  // From then on everybody reads the same record.
  await recordThat(stack.broker, 'the record', record => record.id === id);

  const cases: Record<string, [status: number, path: string, init: RequestInit]> = {
    'a mutation': [200, '/script.echo.start', post(start)],
    'a query': [200, `/script.echo.get${withInput({ id })}`, get()],
    'a query with a content type': [
      200,
      `/tasks.list${withInput({ limit: 5 })}`,
      get({ 'content-type': 'application/json' }),
    ],
    'a query without input': [200, '/tasks.types', get()],
    'a query with an empty input': [200, '/tasks.types?input=', get()],
    'a result that is not there yet': [200, `/script.echo.result${withInput({ id, waitMs: 0 })}`, get()],
    'an input that does not fit the task': [400, '/script.echo.start', post({ input: { text: 7 } })],
    'a request that does not fit the procedure': [
      400,
      '/script.echo.start',
      post({ input: {}, delayMs: -1 }),
    ],
    'no body': [400, '/script.echo.start', post('')],
    'a query whose input is missing': [400, '/script.echo.get', get()],
    'an unknown task': [404, `/script.echo.get${withInput({ id: unknownId })}`, get()],
    "another owner's task": [404, `/script.echo.get${withInput({ id })}`, get({ 'x-owner': 'bob' })],
    'a key that was used for another input': [
      409,
      '/script.echo.start',
      post({ ...start, input: { text: 'b' } }),
    ],
    'no credentials': [401, '/tasks.list', { headers: {} }],
    'something that only an operator may': [403, '/tasks.pause', post({ name: 'script.echo' })],
    'an authentication that fails': [500, '/script.echo.start', post(start, { 'x-owner': 'trouble' })],
  };
  test.each(Object.entries(cases))('%s', async (_what, [status, path, init]) => {
    const { plain, adapter } = await both(url + path, init);
    expect(plain).toEqual({ ...adapter, isFramed: true });
    expect(plain.status).toBe(status);
    // Else the adapter answered both, and nothing was compared.
    expect(adapter.isFramed).toBe(false);
  });
});

describe('what is not plain is left to the adapter', () => {
  const input = { input: { text: 'a' } };
  const cases: Record<string, [status: number, path: string, init: RequestInit]> = {
    'an unknown procedure': [404, '/script.echo.stop', post(input)],
    'a property of every object': [404, '/toString', post(input)],
    'a batch': [200, '/script.echo.start?batch=1', post({ 0: input })],
    'a stream of answers': [
      200,
      '/script.echo.start?batch=1',
      post({ 0: input }, { 'trpc-accept': 'application/jsonl' }),
    ],
    'a mutation by GET': [405, `/script.echo.start${withInput(input)}`, get()],
    'a query by POST': [405, '/tasks.list', post({})],
    'what is not JSON': [400, '/script.echo.start', post('{')],
    'another content type': [415, '/script.echo.start', post('{}', { 'content-type': 'text/plain' })],
  };
  test.each(Object.entries(cases))('%s', async (_what, [status, path, init]) => {
    expect((await send(url + path, init)).status).toBe(status);
  });
});
