import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

let directory: string;
let url: string;
let stack: Awaited<ReturnType<typeof startStack<typeof scriptedContract>>>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'longhaul-console-'));
  await mkdir(join(directory, 'assets'));
  await writeFile(join(directory, 'index.html'), '<!doctype html><title>the page</title>');
  await writeFile(join(directory, 'theme.js'), 'theme');
  await writeFile(join(directory, 'assets/index-abc.js'), 'plain');
  await writeFile(join(directory, 'assets/index-abc.js.gz'), 'compressed');
  stack = await startStack({
    natsUrl: inject('natsUrl'),
    contract: scriptedContract,
    handlers: scriptedHandlers,
    executors: 0,
    gateway: { console: { directory }, authenticate: () => undefined },
  });
  url = stack.gateways[0]!.url;
});
afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

const get = (path: string, encoding = 'identity') =>
  fetch(`${url}${path}`, { headers: { 'accept-encoding': encoding } });

describe('the console that a gateway serves', () => {
  it.each(['/', '/run', '/run/script.echo', '/tasks', '/tasks/some-id', '/tasks?status=failed'])(
    'has a page at %s, without credentials, to be asked for each time',
    async path => {
      const answer = await get(path);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toContain('the page');
      expect(answer.headers.get('content-type')).toContain('text/html');
      expect(answer.headers.get('cache-control')).toBe('no-cache');
      expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'self'; (?!.*unsafe)/);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    },
  );

  it('keeps what is named by its content for ever, and sends it compressed as it lies there', async () => {
    const answer = await get('/assets/index-abc.js', 'gzip');
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    await answer.body?.cancel();
    expect(await (await get('/assets/index-abc.js')).text()).toBe('plain');
    expect((await get('/theme.js')).headers.get('cache-control')).toBe('no-cache');
  });

  it.each(['/nothing', '/assets/gone.js', '/run/a/b', '/trpc/nothing', '/metrics/more', '/../package.json'])(
    'does not stand in for %s',
    async path => {
      const answer = await get(path);
      expect(answer.status).toBeGreaterThanOrEqual(401);
      expect(await answer.text()).not.toContain('the page');
    },
  );

  it('leaves the API as it is', async () => {
    const answer = await get('/trpc/tasks.list?input=%7B%7D');
    expect(answer.status).toBe(401);
    // Stricter than the console's: nothing of it is a page.
    expect(answer.headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
    expect(await (await get('/healthz')).json()).toEqual({ status: 'ok' });
  });

  it('is not there where none was asked for', async () => {
    const gateway = await stack.addGateway({ console: undefined as never });
    expect((await fetch(gateway.url)).status).toBe(404);
  });
});
