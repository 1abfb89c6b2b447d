import { connect } from 'node:net';
import { createClient } from '@longhaul/client';
import { type Stack, startStack, within } from '@longhaul/testing';
import { type ScriptedContract, scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { byHeader, reasonOf } from '../api/callers.ts';
import { callOverHttp, openPlainSocket, type ProcedureCall } from '../api/plainTransports.ts';
import { talk } from './plainSockets.ts';

let stack: Stack<ScriptedContract>;
let url: string;
/** Of a gateway with nothing but defaults. */
let open: string;
beforeAll(async () => {
  stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    executors: 0,
    gateway: {
      authenticate: byHeader,
      protection: {
        // So slow that none comes back while a loaded machine makes 100 calls.
        callRate: { perSecond: 0.2, burst: 100 },
        failedAuthenticationRate: { perSecond: 1, burst: 5 },
        streamsPerOwner: 2,
        connections: 60,
        headersTimeoutMs: 700,
        requestTimeoutMs: 1_400,
        allowedOrigins: ['https://app.example.org'],
        trustedProxies: ['127.0.0.1'],
      },
    },
  });
  url = stack.gateways[0]?.url ?? '';
  open = (await stack.addGateway({ authenticate: () => ({ owner: 'x', role: 'user' }), protection: {} })).url;
});
afterAll(() => stack[Symbol.asyncDispose]());

let owners = 0;
/** Headers of a caller who has not called yet. */
const newOwner = () => {
  owners += 1;
  return { 'x-owner': `owner-${owners}` };
};
const list: ProcedureCall = { type: 'query', path: 'tasks.list', input: {} };
const watch: ProcedureCall = { type: 'subscription', path: 'tasks.watch', input: {} };
const request = (path: string, headers: Record<string, string>, more: RequestInit = {}) =>
  fetch(`${url}${path}`, { ...more, headers: { ...headers, ...(more.headers as Record<string, string>) } });
/** A batch of so many calls. */
const batch = (count: number, headers: Record<string, string>) => {
  const paths = Array.from({ length: count }, () => 'tasks.list').join(',');
  const inputs = JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [i, {}])));
  return request(`/trpc/${paths}?batch=1&input=${encodeURIComponent(inputs)}`, headers);
};

describe('an owner who calls too often', () => {
  it('is told before how many calls are left, and then when to call again, by tRPC and REST', async () => {
    const ann = newOwner();
    const first = await request('/v1/tasks', ann);
    expect(first.status).toBe(200);
    expect(first.headers.get('ratelimit-policy')).toBe('"calls";q=100;w=500');
    expect(first.headers.get('ratelimit')).toBe('"calls";r=99;t=5');
    expect((await batch(99, ann)).status).toBe(200);

    const rest = await request('/v1/tasks', ann);
    expect(rest.status).toBe(429);
    expect(rest.headers.get('retry-after')).toMatch(/^[1-5]$/);
    expect(rest.headers.get('ratelimit')).toMatch(/^"calls";r=0;t=(49\d|500)$/);
    expect(rest.headers.get('content-type')).toContain('application/problem+json');
    expect(await rest.json()).toMatchObject({
      code: 'TOO_MANY_REQUESTS',
      type: '/docs/errors#TOO_MANY_REQUESTS',
    });

    const trpc = await request('/trpc/tasks.list?input=%7B%7D', ann);
    expect(trpc.status).toBe(429);
    const retryAfterSeconds = Number(trpc.headers.get('retry-after'));
    expect([1, 2, 3, 4, 5]).toContain(retryAfterSeconds);
    expect(await trpc.json()).toMatchObject({
      error: { data: { reason: 'TOO_MANY_REQUESTS', code: 'TOO_MANY_REQUESTS', retryAfterSeconds } },
    });
    const many = await batch(20, ann);
    expect(many.status).toBe(429);
    expect(many.headers.get('retry-after')).toMatch(/^(9\d|100)$/);
    // Others are not concerned.
    expect((await request('/v1/tasks', newOwner())).status).toBe(200);
  });

  it('is refused over WebSocket, call by call', async () => {
    const ann = newOwner();
    await using socket = await openPlainSocket(url, { headers: ann });
    const answers = await Promise.all(Array.from({ length: 110 }, () => socket.call(list)));
    const refused = answers.filter(answer => answer.includes('TOO_MANY_REQUESTS'));
    expect(refused.length).toBeGreaterThan(5);
    expect(refused.length).toBeLessThanOrEqual(10);
    expect(refused[0]).toMatch(/"retryAfterSeconds":[1-5]\b/);
  });

  it('is served again after the time that was told, also by the client, which waits and tries again', async () => {
    const ann = newOwner();
    const tasks = createClient<ScriptedContract>({ url, headers: () => ann });
    const task = await tasks.script.hang.start({});
    await batch(99, ann);
    expect(await reasonOf(tasks.$tasks.list())).toBe('TOO_MANY_REQUESTS');
    // Opened while there is no call left: its stream begins nonetheless, later.
    expect((await within('the first event', task.events().next())).value).toMatchObject({ type: 'snapshot' });
  });

  it('cannot be told from somebody else by a header of his own: the address of a proxy counts when it is trusted', async () => {
    const failing = (from: string) => request('/v1/tasks', { 'x-forwarded-for': from });
    const statuses: number[] = [];
    for (let i = 0; i < 8; i += 1) statuses.push((await failing('192.0.2.1')).status);
    expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
    expect(statuses.slice(-2)).toEqual([429, 429]);
    expect((await failing('192.0.2.2')).status).toBe(401);
    // A network of IPv6 is one caller.
    for (let i = 0; i < 8; i += 1) statuses.push((await failing(`2001:db8::${i}`)).status);
    expect(statuses.at(-1)).toBe(429);
    const refused = await failing('192.0.2.1');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ code: 'TOO_MANY_REQUESTS' });
    // Right credentials are good from there, too.
    expect((await request('/v1/tasks', { ...newOwner(), 'x-forwarded-for': '192.0.2.1' })).status).toBe(200);
    // Elsewhere than behind a trusted proxy the header is nobody's word.
    expect((await fetch(`${open}/v1/tasks`, { headers: { 'x-forwarded-for': 'nonsense' } })).status).toBe(
      200,
    );
  });
});

describe('an owner with too many streams', () => {
  it('gets no other one, by any transport, until one has ended', async () => {
    const ann = newOwner();
    const { id } = await createClient<ScriptedContract>({ url, headers: () => ann }).script.hang.start({});
    const leave = new AbortController();
    const stream = await request(`/v1/tasks/${id}/events`, ann, { signal: leave.signal });
    expect(stream.status).toBe(200);
    await using socket = await openPlainSocket(url, { headers: ann });
    expect(await socket.call(list)).toContain('"tasks":');

    const refused = await request(`/v1/tasks/${id}/events`, ann);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    expect(await refused.json()).toMatchObject({ code: 'TOO_MANY_STREAMS' });
    const overSse = await callOverHttp(url, watch, ann);
    expect(overSse.body).toContain('TOO_MANY_STREAMS');
    expect(overSse.body).toContain('"httpStatus":429');
    expect(await socket.call(watch)).toContain('TOO_MANY_STREAMS');
    await using another = await openPlainSocket(url, { headers: ann });
    expect(await another.heard('TOO_MANY_STREAMS')).toContain('"id":null');
    await within('the end of the socket', another.closed);

    leave.abort();
    await expect
      .poll(async () => (await request(`/v1/tasks/${id}/events`, ann, { method: 'HEAD' })).status)
      .toBe(200);
    const after = await callOverHttp(url, watch, ann, text => text.includes('"open"'));
    expect(after.body).toContain('"open"');
  });
});

describe('requests that come too slowly', () => {
  it.each([
    ['no head', 'GET /v1/tasks HTTP/1.1\r\nHost: a\r\n', 700],
    ['a head in drops', 'GET /v1/tasks HTTP/1.1\r\n', 700],
    [
      'a body in drops',
      'POST /trpc/tasks.cancel HTTP/1.1\r\nHost: a\r\nx-owner: slow\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{',
      1_400,
    ],
  ])('are answered 408 and cut off: %s', async (what, head, limitMs) => {
    let drops: NodeJS.Timeout | undefined;
    const { text, tookMs } = await talk(url, write => {
      write(head);
      if (what.includes('drops'))
        drops = setInterval(() => write(what.includes('head') ? 'X: y\r\n' : ' '), 100);
    });
    clearInterval(drops);
    expect(text).toContain('HTTP/1.1 408 Request Timeout');
    expect(text).toContain('"code":"REQUEST_TIMEOUT"');
    expect(tookMs).toBeGreaterThan(limitMs - 50);
    expect(tookMs).toBeLessThan(limitMs + 1_500);
  });

  it('and more connections than there may be are closed at once', async () => {
    const { hostname, port } = new URL(url);
    const sockets = Array.from({ length: 80 }, () => connect(Number(port), hostname).on('error', () => {}));
    const ends = sockets.map(
      socket => new Promise<void>(resolve => void socket.once('close', () => resolve())),
    );
    let closed = 0;
    for (const end of ends) void end.then(() => (closed += 1));
    await expect.poll(() => closed).toBeGreaterThanOrEqual(20);
    for (const socket of sockets) socket.destroy();
    await Promise.all(ends);
    await expect
      .poll(() =>
        fetch(`${url}/healthz`).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
  });

  it('and heads that are too long are not read', async () => {
    const { text } = await talk(url, write =>
      write(`GET /v1/tasks?${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`),
    );
    expect(text).toContain('431');
    expect(text).toContain('HEADERS_TOO_LARGE');
  });
});

describe('browsers', () => {
  const app = { origin: 'https://app.example.org' };

  it('are told to take an answer for nothing else than it is, in every answer', async () => {
    for (const path of ['/v1/tasks', '/trpc/tasks.list', '/healthz', '/nothing', '/openapi.json', '/docs']) {
      const { headers } = await request(path, newOwner());
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(headers.get('referrer-policy'), path).toBe('no-referrer');
      expect(headers.get('content-security-policy'), path).toContain("frame-ancestors 'none'");
      expect(headers.get('strict-transport-security'), path).toBeNull();
    }
    // The page of the documentation has its own policy, by which its script may run.
    const docs = await request('/docs', {});
    expect(docs.headers.get('content-security-policy')).toContain("script-src 'self'");
    const tls = await request('/healthz', { 'x-forwarded-proto': 'https' });
    expect(tls.headers.get('strict-transport-security')).toMatch(/^max-age=\d{8}$/);
    const untrusted = await fetch(`${open}/healthz`, { headers: { 'x-forwarded-proto': 'https' } });
    expect(untrusted.headers.get('strict-transport-security')).toBeNull();
  });

  it('may call from the origins that are allowed, and no other', async () => {
    for (const path of ['/v1/tasks', '/trpc/tasks.list?input=%7B%7D']) {
      const preflight = await request(path, app, {
        method: 'OPTIONS',
        headers: {
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization',
        },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get('access-control-allow-origin')).toBe(app.origin);
      expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization');
      const answer = await request(path, { ...newOwner(), ...app });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('access-control-allow-origin')).toBe(app.origin);
      expect(answer.headers.get('access-control-expose-headers')).toContain('Retry-After');
      expect(answer.headers.get('vary')).toMatch(/\bOrigin\b/);
      const other = await request(path, { ...newOwner(), origin: 'https://evil.example' });
      expect(other.headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('may call from nowhere by default', async () => {
    const preflight = await fetch(`${open}/v1/tasks`, {
      method: 'OPTIONS',
      headers: { ...app, 'access-control-request-method': 'GET' },
    });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    const answer = await fetch(`${open}/v1/tasks`, { headers: app });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('a gateway that has more to do than it can', () => {
  it('answers 503 early, and says still that it is well; and serves again afterwards', async () => {
    const { url: busy } = await stack.addGateway({ protection: { callRate: 'off', overloadDelayMs: 60 } });
    const ann = newOwner();
    const status = async () => (await fetch(`${busy}/v1/tasks`, { headers: ann })).status;
    expect(await status()).toBe(200);
    // Its event loop is this one's, and two whole seconds of it count.
    const untilMs = performance.now() + 4_000;
    const keepBusy = () => {
      const turnEndsMs = performance.now() + 150;
      while (performance.now() < turnEndsMs);
      if (performance.now() < untilMs) setTimeout(keepBusy, 1);
    };
    keepBusy();
    await expect.poll(status, { timeout: 30_000, interval: 20 }).toBe(503);
    const rest = await fetch(`${busy}/v1/tasks`, { headers: ann });
    const trpc = await fetch(`${busy}/trpc/tasks.list`, { headers: ann });
    expect([rest.headers.get('retry-after'), trpc.headers.get('retry-after')]).toEqual(['1', '1']);
    expect(await rest.json()).toMatchObject({ code: 'OVERLOADED' });
    expect(await trpc.json()).toMatchObject({
      error: { data: { reason: 'OVERLOADED', retryAfterSeconds: 1 } },
    });
    for (const path of ['/healthz', '/readyz', '/metrics'])
      expect((await fetch(`${busy}${path}`)).status).toBe(200);
    await expect.poll(status, { timeout: 30_000, interval: 100 }).toBe(200);
  });
});

it('limits that let nothing through are refused', async () => {
  for (const protection of [
    { stalledMs: 0 },
    { streamsPerOwner: -1 },
    { overloadDelayMs: Number.NaN },
    { callRate: { perSecond: 1, burst: 99 } },
    { callRate: { perSecond: 0, burst: 100 } },
  ])
    await expect(stack.addGateway({ protection })).rejects.toThrow(RangeError);
});
