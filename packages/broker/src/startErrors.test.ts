import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNatsServer } from '@longhaul/nats-server';
import { createTopology } from '@longhaul/proto/wire';
import { describe, expect, inject, test } from 'vitest';
import { createBroker } from './broker.ts';
import type { NatsOptions } from './connect.ts';
import { openConnection } from './connect.ts';
import { requireVersion } from './startErrors.ts';

/** A server that speaks NATS' first words, as an old version has them. */
async function fakeServer(version: string) {
  const info = { server_id: 'X', version, proto: 1, headers: true, max_payload: 1_048_576, jetstream: true };
  const server = createServer(socket => {
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    socket.on('data', data => {
      if (String(data).includes('PING')) socket.write('PONG\r\n');
    });
    socket.on('error', () => {});
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `nats://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => void (await new Promise(resolve => server.close(resolve))),
  };
}

async function natsWith(configText: string) {
  const dataDir = await mkdtemp(join(tmpdir(), 'longhaul-start-errors-'));
  const nats = await startNatsServer({ dataDir, configText });
  return {
    url: nats.url,
    [Symbol.asyncDispose]: async () => {
      await nats.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** What a service does first. */
async function start(nats: NatsOptions): Promise<unknown> {
  try {
    const { nc, close } = await openConnection(nats, 'test');
    try {
      await createBroker(nc, createTopology('tasks'));
    } finally {
      await close();
    }
    return undefined;
  } catch (error) {
    return error;
  }
}

const accountsWithoutJetStream = `
accounts { A { jetstream: enabled, users: [{ user: a, password: a }] }, B { users: [{ user: b, password: b }] } }
no_auth_user: b
`;

describe('the first start on a NATS that does not fit names what to do', () => {
  test('NATS is away', async () => {
    const error = await start({ servers: 'nats://somebody:secret@127.0.0.1:1' });
    expect(error).toMatchObject({ code: 'NATS_NOT_REACHED' });
    expect(String(error)).toMatch(/nats:\/\/127\.0\.0\.1:1 \(NATS_URL\).*"nats-server -js".*"longhaul dev"/);
    expect(String(error)).not.toContain('secret');
  });

  const others: Record<string, (socket: Socket) => void> = {
    'a server that closes': socket => socket.end(),
    'a server that says what it is': socket => socket.write('SSH-2.0-OpenSSH_9.6\r\n'),
    'a server of HTTP': socket => socket.end('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n'),
  };
  test.each(Object.entries(others))('%s listens there', async (_name, greet) => {
    const server = createServer(socket => {
      socket.on('error', () => {});
      greet(socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const error = await start({ servers: `nats://127.0.0.1:${port}` });
    server.close();
    expect(error).toMatchObject({
      code: 'NATS_NOT_REACHED',
      message: expect.stringMatching(new RegExp(`:${port} \\(NATS_URL\\).* set NATS_URL to`, 'i')),
    });
  });

  test('its name is unknown', async () => {
    const error = await start({ servers: 'nats://no-such-host.invalid:4222' });
    expect(error).toMatchObject({
      code: 'NATS_NOT_REACHED',
      message: expect.stringContaining('no-such-host.invalid'),
    });
  });

  test('JetStream is off', async () => {
    await using nats = await natsWith(accountsWithoutJetStream);
    const error = await start({ servers: nats.url });
    expect(error).toMatchObject({
      code: 'JETSTREAM_OFF',
      message: expect.stringContaining('"nats-server -js"'),
    });
  });

  test('the server is too old', async () => {
    await using old = await fakeServer('2.9.10');
    const error = await start({ servers: old.url });
    expect(error).toMatchObject({
      code: 'NATS_TOO_OLD',
      message: expect.stringMatching(/2\.9\.10; .* 2\.14 or later/),
    });
  });

  test('the credentials are wrong', async () => {
    await using nats = await natsWith('authorization { user: right, password: right }');
    const error = await start({
      servers: nats.url,
      credentials: { kind: 'password', user: 'right', password: 'wrong' },
    });
    expect(error).toMatchObject({ message: expect.stringMatching(/NATS_USER and NATS_PASSWORD/) });
  });

  test('and nothing is wrong with one that fits', async () => {
    expect(await start({ servers: inject('natsUrl') })).toBeUndefined();
  });
});

test.each([
  ['2.14.0', true],
  ['2.15.1', true],
  ['3.0.0-beta.1', true],
  ['2.13.9', false],
  ['1.99.0', false],
  ['', false],
])('version %s is enough: %s', (version, enough) => {
  const check = () => requireVersion({ info: { version } as never, getServer: () => 'nats://x' });
  if (enough) expect(check).not.toThrow();
  else expect(check).toThrow('2.14');
});
