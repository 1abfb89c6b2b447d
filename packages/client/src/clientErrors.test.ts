import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Contract } from '@longhaul/proto';
import { TRPCClientError } from '@trpc/client';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ClientOptionsError, GatewayNotReachedError } from './clientErrors.ts';
import { createClient } from './createClient.ts';

const create = (options: Parameters<typeof createClient>[0]) => createClient<Contract>(options);

afterEach(() => void vi.unstubAllGlobals());

describe('the url of a client', () => {
  test.each([
    '127.0.0.1:8080',
    'localhost:8080',
    'nats://127.0.0.1:4222',
    'gateway',
    '/longhaul',
    '',
    'http://',
    'http://127.0.0.1:8080/trpc',
    'http://127.0.0.1:8080/trpc/',
    'https://example.org/longhaul/v1',
    'http://127.0.0.1:8080?key=1',
    'http://127.0.0.1:8080#top',
  ])('%s is refused, with what to give instead', url => {
    expect(() => create({ url })).toThrow(ClientOptionsError);
    expect(() => create({ url })).toThrow(JSON.stringify(url));
  });

  test.each([
    'http://127.0.0.1:8080',
    'http://localhost:8080/',
    'https://example.org/longhaul',
    'http://[::1]:1',
  ])('%s is taken', url => void create({ url }));

  test('may be relative to the page of a browser', async () => {
    vi.stubGlobal('location', { href: 'https://example.org/app/' });
    const asked: string[] = [];
    const fetch: typeof globalThis.fetch = async input => {
      asked.push(String(input));
      return Response.json({ result: { data: [] } });
    };
    await create({ url: '', fetch }).$types.list();
    await create({ url: '/behind', fetch }).$types.list();
    expect(asked).toEqual(['/trpc/tasks.types', '/behind/trpc/tasks.types']);
  });
});

describe('a token that no header can carry', () => {
  const tokens = ['', 'lh_schl\u00fcssel', 'lh_one two', 'lh_read\n', 'lh_\u2026'];
  test.each(tokens)('%j is refused by its position, and not shown', token => {
    const said = (() => {
      try {
        create({ url: 'http://127.0.0.1:1', token });
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(said).toMatchObject({ code: 'INVALID_TOKEN' });
    if (token) expect(String(said)).not.toContain(token);
  });

  test('is refused where a function gives it, and not asked for again', async () => {
    let asked = 0;
    const token = () => {
      asked += 1;
      return 'lh_schl\u00fcssel';
    };
    const client = create({ url: 'http://127.0.0.1:1', token });
    await expect(client.$types.list()).rejects.toMatchObject({ cause: { code: 'INVALID_TOKEN' } });
    expect(asked).toBe(1);
  });
});

describe('where nothing answers', () => {
  test('a call says so, with the address and the reason', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise(resolve => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise(resolve => server.close(resolve));
    const url = `http://127.0.0.1:${port}`;
    const failed = await create({ url })
      .$types.list()
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(TRPCClientError);
    expect(failed).toMatchObject({
      message: expect.stringMatching(new RegExp(`No gateway answers at ${url}: .*ECONNREFUSED`)),
      cause: { code: 'GATEWAY_NOT_REACHED' },
    });
    expect((failed as TRPCClientError<never>).cause).toBeInstanceOf(GatewayNotReachedError);
  });

  test.each<[string, unknown]>([
    ['an abort', new DOMException('This operation was aborted', 'AbortError')],
    ['a time limit', new DOMException('The operation timed out', 'TimeoutError')],
    ['a malformed header', new TypeError('Cannot convert argument to a ByteString because of its character')],
    ['an error of your own fetch', new Error('no more calls')],
  ])('%s stays what it is', async (_what, error) => {
    const fetch: typeof globalThis.fetch = () => Promise.reject(error);
    const failed = await create({ url: 'http://127.0.0.1:1', fetch })
      .$types.list()
      .catch((thrown: unknown) => thrown);
    expect((failed as TRPCClientError<never>).cause).toBe(error);
  });
});
