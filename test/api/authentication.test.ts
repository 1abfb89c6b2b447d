import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@longhaul/client';
import { type Stack, startStack, within } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { SignJWT } from 'jose';
import { type Logger, pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createApiKey } from '../../services/gateway/src/auth/apiKey.ts';
import { reasonOf } from './callers.ts';
import { callOverHttp, openPlainSocket, type ProcedureCall, type RouteCall } from './plainTransports.ts';

const keys = { ann: createApiKey(), bob: createApiKey(), rotated: createApiKey(), root: createApiKey() };
const secret = 's'.repeat(40);
let folder = '';
let stack: Stack<ScriptedContract>;
let url = '';
let log = '';
const logWaiters = new Set<() => void>();
/** Resolves when these words come into the gateway's log from now on. */
function logged(words: string): Promise<void> {
  const from = log.length;
  const found = Promise.withResolvers<void>();
  logWaiters.add(() => {
    if (log.slice(from).includes(words)) found.resolve();
  });
  return within(`"${words}" in the log`, found.promise);
}

async function writeKeys(...names: (keyof typeof keys)[]): Promise<void> {
  const entries = names.map(name => ({
    id: keys[name].id,
    sha256: keys[name].sha256,
    owner: name === 'rotated' ? 'ann' : name,
    role: name === 'root' ? 'admin' : 'user',
  }));
  await writeFile(join(folder, 'new.json'), JSON.stringify({ keys: entries }));
  await rename(join(folder, 'new.json'), join(folder, 'keys.json'));
}

/** A token for `ann` whose end comes in so many milliseconds, or as soon after as whole seconds let it. */
function token(forMs: number, sub = 'ann'): Promise<string> {
  return new SignJWT({ sub, exp: Math.ceil((Date.now() + forMs) / 1_000) })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('https://id.example')
    .setAudience('longhaul')
    .sign(new TextEncoder().encode(secret));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longhaul-authentication-'));
  await writeKeys('ann', 'bob', 'root');
  const logger: Logger = pino(
    { level: 'trace' },
    {
      write: line => {
        log += line;
        for (const look of logWaiters) look();
      },
    },
  );
  stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    gateway: {
      apiKeysFile: join(folder, 'keys.json'),
      jwt: {
        issuer: 'https://id.example',
        audience: 'longhaul',
        secret,
        clockToleranceSeconds: 0,
      },
      logger,
    },
  });
  url = stack.gateways[0]?.url ?? '';
});
afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const list: ProcedureCall = { type: 'query', path: 'tasks.list', input: {} };
const watchAll: ProcedureCall = { type: 'subscription', path: 'tasks.watch', input: {} };
const tasksWith = (token: string | (() => string | Promise<string>)) =>
  createClient<ScriptedContract>({ url, token });

describe('credentials', () => {
  it('may be sent in each way, with calls and with streams', async () => {
    const jwt = await token(60_000);
    for (const headers of [
      { authorization: `Bearer ${keys.ann.key}` },
      { 'x-api-key': keys.ann.key },
      { authorization: `Bearer ${jwt}` },
    ]) {
      expect(await callOverHttp(url, list, headers)).toMatchObject({ status: 200 });
      const opened = await callOverHttp(url, watchAll, headers, text => text.includes('"open"'));
      expect(opened.body).toContain('"open"');
    }
    // As EventSource of a browser must: it can send no headers.
    const params = encodeURIComponent(JSON.stringify({ token: jwt }));
    const path = `tasks.watch?connectionParams=${params}&input=%7B%7D`;
    const opened = await callOverHttp(url, { ...watchAll, path, input: undefined }, {}, text =>
      text.includes('"open"'),
    );
    expect(opened.body).toContain('"open"');
    await using socket = await openPlainSocket(url, { connectionParams: { token: keys.ann.key } });
    expect(await socket.call(list)).toContain('"tasks":[');
    await using withHeader = await openPlainSocket(url, { headers: { authorization: `Bearer ${jwt}` } });
    expect(await withHeader.call(list)).toContain('"tasks":[');
  });

  it('that are missing, wrong, or somebody else’s to give are refused alike', async () => {
    const { key } = keys.ann;
    const wrong = [
      {},
      { authorization: 'Bearer ' },
      { authorization: `Basic ${key}` },
      { authorization: `Bearer ${createApiKey().key}` },
      { authorization: `Bearer ${key.slice(0, -1)}` },
      { authorization: `Bearer ${key}`.replace(/_.{20}/, `_${'0'.repeat(20)}`) },
      { authorization: `Bearer ${(await token(60_000)).slice(0, -2)}` },
      { 'x-api-key': 'undefined' },
      { 'x-owner': 'ann' },
    ];
    const answers = await Promise.all(wrong.map(headers => callOverHttp(url, list, headers)));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]).toMatchObject({ status: 401, body: expect.stringContaining('UNAUTHENTICATED') });
    const stream = await callOverHttp(url, watchAll, { 'x-api-key': 'no' });
    expect(stream.body).toContain('UNAUTHENTICATED');
    for (const options of [{}, { connectionParams: { token: 'no' } }]) {
      await using socket = await openPlainSocket(url, options);
      expect(await socket.heard('UNAUTHENTICATED')).toContain('"id":null');
      await within('the end of the socket', socket.closed);
    }
  });

  it('are not asked for by what only says whether the gateway is well', async () => {
    for (const path of ['/healthz', '/readyz'])
      expect(await callOverHttp(url, { type: 'route', method: 'GET', path })).toMatchObject({ status: 200 });
  });

  it('of an ended token are refused with a reason of their own', async () => {
    const headers = { authorization: `Bearer ${await token(-60_000)}` };
    expect(await callOverHttp(url, list, headers)).toMatchObject({
      status: 401,
      body: expect.stringContaining('CREDENTIALS_EXPIRED'),
    });
  });
});

describe('when credentials end', () => {
  it('a stream ends with them and says so, over SSE and over WebSocket, and the socket is closed', async () => {
    const jwt = await token(3_000);
    const sse = callOverHttp(url, watchAll, { authorization: `Bearer ${jwt}` });
    await using socket = await openPlainSocket(url, { connectionParams: { token: jwt } });
    const streamed = socket.call(watchAll);
    await socket.heard('"open"');
    const expired = await streamed;
    expect(expired).toContain('CREDENTIALS_EXPIRED');
    expect(expired).toContain('Send new ones');
    // Still open, and asked nobody again: its calls are refused all the same.
    expect(await socket.call(list)).toContain('CREDENTIALS_EXPIRED');
    expect(await within('the end of the socket', socket.closed)).toBe(4401);
    const { body } = await sse;
    expect(body).toContain('"open"');
    expect(body).toContain('CREDENTIALS_EXPIRED');
  });

  it('a stream of REST ends with them and says so', async () => {
    const task = await tasksWith(keys.ann.key).script.hang.start({});
    const events: RouteCall = { type: 'route', method: 'GET', path: `/v1/tasks/${task.id}/events` };
    const { body } = await callOverHttp(url, events, { authorization: `Bearer ${await token(3_000)}` });
    expect(body).toContain('event: snapshot');
    expect(body).toMatch(/event: problem\ndata: .*#CREDENTIALS_EXPIRED.*\n\n$/);
    await task.cancel();
  });

  it('keys are changed without a restart: a new one is good, a removed one ends its streams', async () => {
    const tasks = tasksWith(keys.ann.key);
    const removed = reasonOf(Array.fromAsync(tasks.$tasks.watch()));
    await using socket = await openPlainSocket(url, { connectionParams: { token: keys.ann.key } });
    const streamed = socket.call(watchAll);
    await socket.heard('"open"');

    const read = logged('the API keys were reloaded');
    await writeKeys('rotated', 'bob', 'root');
    await read;
    expect(await reasonOf(tasks.$tasks.list())).toBe('UNAUTHENTICATED');
    expect(await tasksWith(keys.rotated.key).$tasks.list()).toHaveProperty('tasks');
    // The client came back with the key that is no longer known.
    expect(['UNAUTHENTICATED', 'CREDENTIALS_EXPIRED']).toContain(await removed);
    expect(await streamed).toContain('CREDENTIALS_EXPIRED');

    const readAgain = logged('the API keys were reloaded');
    await writeKeys('ann', 'bob', 'root');
    await readAgain;
    expect(await tasks.$tasks.list()).toHaveProperty('tasks');
  });
});

describe('the client', () => {
  it('asks for a token once for all calls, and once more when it is refused', async () => {
    let asked = 0;
    const given = [createApiKey().key, keys.ann.key];
    const tasks = tasksWith(() => {
      asked += 1;
      return Promise.resolve(given.shift() ?? 'none');
    });
    const answers = await Promise.all(Array.from({ length: 5 }, () => tasks.$tasks.list()));
    expect(answers).toHaveLength(5);
    const run = await tasks.script.echo.run({ text: 'hello' });
    expect(run).toMatchObject({ status: 'COMPLETED' });
    expect(asked).toBe(2);
  });

  it('gives up when the new one is refused as well, and at once when there is but one', async () => {
    let asked = 0;
    const tasks = tasksWith(() => {
      asked += 1;
      return createApiKey().key;
    });
    expect(await reasonOf(tasks.$tasks.list())).toBe('UNAUTHENTICATED');
    expect(asked).toBe(2);
    expect(await reasonOf(tasks.$tasks.watch().next())).toBe('UNAUTHENTICATED');
    expect(asked).toBe(4);
    expect(await reasonOf(tasksWith('a.b.c').$tasks.list())).toBe('UNAUTHENTICATED');
    const failing = tasksWith(() => Promise.reject(new Error('no token today')));
    await expect(failing.$tasks.list()).rejects.toThrow('no token today');
  });

  it('continues with a stream whose token has ended, where it was, again and again', async () => {
    let asked = 0;
    const tasks = tasksWith(() => {
      asked += 1;
      return token(1_100);
    });
    const task = await tasks.script.count.start({ steps: 40, stepMs: 100 });
    const steps: unknown[] = [];
    const ids: number[] = [];
    for await (const event of task.events()) {
      ids.push(Number(event.eventId));
      if (event.type === 'progress') steps.push(event.progress.percent);
    }
    // The handler ran for four seconds, and no token lasted for more than 2.1.
    expect(asked).toBeGreaterThan(2);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
    const seen = (await stack.events(task.id)).flatMap(({ seq }) => (seq > (ids[0] ?? 0) ? [seq] : []));
    expect(ids.slice(1)).toEqual(seen);
    expect(steps.at(-1)).toBe(100);
  });
});

it('no key, token or secret gets into the log, whatever goes wrong', async () => {
  const jwt = await token(60_000);
  const params = encodeURIComponent(JSON.stringify({ token: jwt }));
  const query = `?connectionParams=${params}`;
  await fetch(`${url}/trpc/tasks.cancel${query}`, {
    method: 'POST',
    body: '<x/>',
    headers: { 'content-type': 'text/xml' },
  });
  await fetch(`${url}/trpc/${'x'.repeat(6_000)}${query}`);
  await fetch(`${url}/nowhere${query}`, { headers: { 'x-api-key': keys.ann.key } });
  await fetch(`${url}/trpc/%ff${query}`, { headers: { authorization: `Bearer ${keys.ann.key}` } });
  expect(log).toContain('the API keys were read');
  for (const hidden of [secret, jwt, encodeURIComponent(jwt), ...Object.values(keys).map(({ key }) => key)])
    expect(log.includes(hidden)).toBe(false);
  for (const { sha256 } of Object.values(keys)) expect(log.includes(sha256)).toBe(false);
});
