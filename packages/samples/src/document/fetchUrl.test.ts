import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isPublicAddress } from './addressPolicy.ts';
import { type FetchOptions, fetchUrl } from './fetchUrl.ts';

let server: Server;
let origin: string;
let port: number;
let requests: IncomingMessage[] = [];
let arrived = Promise.withResolvers<IncomingMessage>();

const routes: Record<string, RequestListener> = {
  '/plain': (_, response) => response.setHeader('content-type', 'text/plain').end('hello'),
  '/gzip': (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync('hello')),
  '/br': (_, response) => response.setHeader('content-encoding', 'br').end(brotliCompressSync('hello')),
  '/bad-gzip': (_, response) => response.setHeader('content-encoding', 'gzip').end('hello'),
  '/odd-encoding': (_, response) => response.setHeader('content-encoding', 'rot13').end('uryyb'),
  '/bomb': (_, response) =>
    response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(500_000))),
  '/announced': (_, response) => response.setHeader('content-length', 5_000).end('x'.repeat(5_000)),
  '/endless': (_, response) => {
    const write = () => {
      while (!response.destroyed && response.write('x'.repeat(500)));
      response.once('drain', write);
    };
    write();
  },
  '/missing': (_, response) => response.writeHead(404).end('no'),
  '/silent': () => undefined,
  '/half': (_, response) => {
    response.setHeader('content-length', 100);
    response.write('half', () => response.destroy());
  },
  '/stalls': (_, response) => {
    response.write('some');
  },
  '/nowhere': (_, response) => response.writeHead(302).end(),
  '/circle': (_, response) => response.writeHead(302, { location: '/circle' }).end(),
};

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request);
    arrived.resolve(request);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://x');
    const hops = Number(/^\/hops\/(\d+)$/.exec(pathname)?.[1] ?? 0);
    const to = hops > 1 ? `/hops/${hops - 1}` : hops === 1 ? '../plain' : searchParams.get('to');
    if (to) response.writeHead(307, { location: to }).end('moved');
    else routes[pathname]?.(request, response);
  });
  // On every loopback address, so that 127.0.0.2 would answer if it were asked.
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
  origin = `http://127.0.0.1:${port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  requests = [];
  arrived = Promise.withResolvers();
});

const fetchFrom = (url: string, options: Partial<FetchOptions> = {}) =>
  fetchUrl(url, {
    maxBytes: 1_000,
    maxRedirects: 3,
    timeoutMs: 30_000,
    isAllowedAddress: () => true,
    signal: new AbortController().signal,
    ...options,
  });
const textOf = async (url: string, options: Partial<FetchOptions> = {}) => {
  const loaded = await fetchFrom(url, options);
  return loaded.kind === 'bytes' ? Buffer.from(loaded.bytes).toString() : loaded.text;
};

describe('fetchUrl', () => {
  it('fetches a document with its type and address', async () => {
    expect(await fetchFrom(`${origin}/plain`)).toEqual({
      kind: 'bytes',
      bytes: new Uint8Array(Buffer.from('hello')),
      contentType: 'text/plain',
      location: `${origin}/plain`,
    });
  });

  it.each(['/gzip', '/br'])('undoes the compression of %s', async path => {
    expect(await textOf(origin + path)).toBe('hello');
  });

  it('follows redirects up to the limit and says where they ended', async () => {
    expect(await fetchFrom(`${origin}/hops/3`)).toMatchObject({ location: `${origin}/plain` });
    await expect(fetchFrom(`${origin}/hops/4`)).rejects.toMatchObject({
      code: 'FETCH_FAILED',
      data: { reason: 'TOO_MANY_REDIRECTS', status: null },
    });
    expect(requests).toHaveLength(4 + 4);
  });

  it('reports what it receives', async () => {
    const seen: unknown[] = [];
    await fetchFrom(`${origin}/plain`, { onBytes: (received, total) => seen.push([received, total]) });
    expect(seen).toEqual([[5, 5]]);
  });

  it.each([
    ['/missing', { reason: 'STATUS', status: 404 }],
    ['/nowhere', { reason: 'BAD_REDIRECT', status: 302 }],
    ['/circle', { reason: 'TOO_MANY_REDIRECTS', status: null }],
    ['/half', { reason: 'NETWORK', status: null }],
    ['/bad-gzip', { reason: 'BAD_ENCODING', status: null }],
    ['/odd-encoding', { reason: 'BAD_ENCODING', status: null }],
  ])('%s fails with the reason', async (path, data) => {
    await expect(fetchFrom(origin + path)).rejects.toMatchObject({
      code: 'FETCH_FAILED',
      data: { ...data, url: origin + path },
    });
  });

  it.each(['/silent', '/stalls'])('%s fails when the time is over', async path => {
    await expect(fetchFrom(origin + path, { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'FETCH_FAILED',
      data: { reason: 'TIMEOUT' },
    });
  });

  it('fails for a name that nobody has and a port that nobody listens to', async () => {
    const resolveHost = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    await expect(fetchFrom('http://nobody.example/', { resolveHost })).rejects.toMatchObject({
      code: 'FETCH_FAILED',
      message: expect.stringContaining('ENOTFOUND'),
      data: { reason: 'NETWORK' },
    });
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port: freePort } = free.address() as AddressInfo;
    free.close();
    await once(free, 'close');
    await expect(fetchFrom(`http://127.0.0.1:${freePort}/`)).rejects.toMatchObject({
      data: { reason: 'NETWORK' },
    });
  });

  it.each([
    ['/announced', 5_000],
    ['/endless', null],
    ['/bomb', null],
  ])('%s is too large', async (path, sizeBytes) => {
    await expect(fetchFrom(origin + path)).rejects.toMatchObject({
      code: 'TOO_LARGE',
      data: { maxBytes: 1_000, sizeBytes },
    });
  });

  it.each(['/silent', '/stalls'])('an abort ends the connection of %s', async path => {
    const controller = new AbortController();
    const fetching = fetchFrom(origin + path, { signal: controller.signal });
    const request = await arrived.promise;
    // Not `once()`, which fails when the connection ends by a reset: either way it has ended.
    const closed = new Promise(resolve => request.socket.once('close', resolve));
    const reason = new Error('canceled');
    controller.abort(reason);
    await expect(fetching).rejects.toBe(reason);
    await closed;
  });
});

describe('what fetchUrl refuses to fetch', () => {
  const refused = (reason: string) => ({ code: 'URL_NOT_ALLOWED', data: { reason } });

  it.each([
    ['loopback', () => `${origin}/plain`],
    ['loopback in decimal', () => `http://2130706433:${port}/plain`],
    ['loopback in hexadecimal', () => `http://0x7f.1:${port}/plain`],
    ['loopback, IPv6', () => `http://[::1]:${port}/plain`],
    ['loopback inside IPv6', () => `http://[::ffff:127.0.0.1]:${port}/plain`],
    ['unspecified', () => `http://0:${port}/plain`],
    ['a name that the system resolves to loopback', () => `http://localhost:${port}/plain`],
    ['cloud metadata', () => 'http://169.254.169.254/latest/meta-data/'],
  ])('%s', async (_, url) => {
    await expect(fetchFrom(url(), { isAllowedAddress: isPublicAddress })).rejects.toMatchObject(
      refused('PRIVATE_ADDRESS'),
    );
    expect(requests).toEqual([]);
  });

  const publicAndPrivate = [
    { address: '93.184.216.34', family: 4 },
    { address: '127.0.0.1', family: 4 },
  ];

  it('a name of which one address is private', async () => {
    const options = { isAllowedAddress: isPublicAddress, resolveHost: async () => publicAndPrivate };
    await expect(fetchFrom(`http://mixed.example:${port}/plain`, options)).rejects.toMatchObject(
      refused('PRIVATE_ADDRESS'),
    );
    expect(requests).toEqual([]);
  });

  // Stands for the public internet, which a test cannot reach: 127.0.0.1 is allowed here, 127.0.0.2 is not.
  const isAllowedAddress = (address: string) => address === '127.0.0.1';

  it('a redirect to a private address', async () => {
    const url = `${origin}/?to=http://127.0.0.2:${port}/plain`;
    await expect(fetchFrom(url, { isAllowedAddress })).rejects.toMatchObject({
      code: 'URL_NOT_ALLOWED',
      data: { reason: 'PRIVATE_ADDRESS', url: `http://127.0.0.2:${port}/plain` },
    });
    expect(requests).toHaveLength(1);
  });

  it('a redirect to a name with a private address, and a name that changes its address meanwhile', async () => {
    const answers = ['127.0.0.1', '127.0.0.2'];
    const resolved: string[] = [];
    const resolveHost = async (hostname: string) => {
      resolved.push(hostname);
      return [{ address: answers[resolved.length - 1] ?? '127.0.0.2', family: 4 }];
    };
    const options = { isAllowedAddress, resolveHost };
    const url = `http://first.example:${port}/?to=http://second.example:${port}/plain`;
    await expect(fetchFrom(url, options)).rejects.toMatchObject(refused('PRIVATE_ADDRESS'));
    expect(resolved).toEqual(['first.example', 'second.example']);
    expect(requests).toHaveLength(1);
  });

  it('connects to the very address that was judged', async () => {
    const resolveHost = async () => [{ address: '127.0.0.1', family: 4 }];
    expect(await textOf(`http://judged.example:${port}/plain`, { isAllowedAddress, resolveHost })).toBe(
      'hello',
    );
    expect(requests[0]?.headers.host).toBe(`judged.example:${port}`);
  });

  it('other schemes, also by redirect', async () => {
    await expect(fetchFrom('file:///etc/passwd')).rejects.toMatchObject(refused('SCHEME'));
    await expect(fetchFrom(`${origin}/?to=file:///etc/passwd`)).rejects.toMatchObject(refused('SCHEME'));
  });

  it('credentials in the address, without repeating them', async () => {
    const failure: unknown = await fetchFrom(`http://user:secret@127.0.0.1:${port}/plain`).catch(e => e);
    expect(failure).toMatchObject(refused('CREDENTIALS'));
    expect(JSON.stringify([failure, String(failure)])).not.toContain('secret');
    expect(requests).toEqual([]);
  });
});
