import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { startStack } from '@longhaul/testing';
import { scriptedContract, scriptedHandlers } from '@longhaul/testkit';
import { describe, expect, inject, it } from 'vitest';
import WebSocket from 'ws';

describe('a gateway without authentication', () => {
  it('serves programs of this machine, and no pages of elsewhere', async () => {
    await using open = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers: scriptedHandlers,
      executors: 0,
    });
    const { port } = new URL(open.gateways[0]?.url ?? '');
    const statusOf = async (headers: Record<string, string>) => {
      const sent = request({ port, host: '127.0.0.1', path: '/trpc/tasks.list?input=%7B%7D', headers }).end();
      const [response] = (await once(sent, 'response')) as [{ statusCode: number; resume: () => void }];
      response.resume();
      return response.statusCode;
    };
    const own = `127.0.0.1:${port}`;
    expect(await statusOf({ host: own })).toBe(200);
    expect(await statusOf({ host: `localhost:${port}`, origin: 'http://localhost:5173' })).toBe(200);
    expect(await statusOf({ host: 'evil.example' })).toBe(403);
    expect(await statusOf({ host: own, origin: 'https://evil.example' })).toBe(403);
    const upgraded = async (headers: Record<string, string>) => {
      const socket = new WebSocket(`ws://${own}/trpc`, { headers });
      const opened = once(socket, 'open').then(() => 'open');
      const refused = once(socket, 'unexpected-response').then(([, response]) => String(response.statusCode));
      const first = await Promise.race([opened, refused]);
      socket.on('error', () => {});
      socket.terminate();
      return first;
    };
    expect(await upgraded({ origin: 'http://localhost:5173' })).toBe('open');
    expect(await upgraded({ origin: 'https://evil.example' })).toBe('403');
    expect(await upgraded({ host: 'evil.example' })).toBe('403');
  });

  it('answers the preflight of pages of this machine, and of no others', async () => {
    await using open = await startStack({
      natsUrl: inject('natsUrl'),
      contract: scriptedContract,
      handlers: scriptedHandlers,
      executors: 0,
    });
    const url = open.gateways[0]?.url;
    const allowed = [
      'http://localhost:5173',
      'https://127.0.0.1:3000',
      'http://[::1]:8081',
      'http://localhost',
    ];
    const foreign = [
      'https://evil.example',
      'http://localhost.evil.example',
      'http://127.0.0.1.evil.example',
      'null',
    ];
    for (const origin of [...allowed, ...foreign])
      for (const path of ['/v1/tasks/script.echo', '/trpc/script.echo.start', '/trpc/tasks.list']) {
        const preflight = await fetch(`${url}${path}`, {
          method: 'OPTIONS',
          headers: {
            origin,
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'content-type',
          },
        });
        const allows = preflight.headers.get('access-control-allow-origin');
        expect([path, origin, allows]).toEqual([path, origin, allowed.includes(origin) ? origin : null]);
        if (allows) expect(preflight.status).toBe(204);
      }
    const [origin = ''] = allowed;
    const started = await fetch(`${url}/v1/tasks/script.echo`, {
      method: 'POST',
      headers: { origin, 'content-type': 'application/json' },
      body: JSON.stringify({ text: 'from a page' }),
    });
    expect([started.status, started.headers.get('access-control-allow-origin')]).toEqual([202, origin]);
    expect(started.headers.get('access-control-expose-headers')).toContain('Location');
  });

  it('does not start where others could reach it, and says what to do', async () => {
    const main = new URL('../../scripts/start/gateway.ts', import.meta.url).pathname;
    const env = { ...process.env, HOST: '0.0.0.0', PORT: '0', NATS_URL: inject('natsUrl') };
    const [code, output] = await new Promise<[unknown, string]>(resolve => {
      execFile(process.execPath, [main], { env }, (error, stdout) => resolve([error?.code, stdout]));
    });
    expect(code).toBe(1);
    expect(output).toContain('AUTHENTICATION_REQUIRED');
    expect(output).toContain('API_KEYS_FILE');
  });
});
