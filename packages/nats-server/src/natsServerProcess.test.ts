import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { fakeProgram, scratchFolder } from './fakePrograms.ts';
import { startNatsServer } from './natsServerProcess.ts';

const indexUrl = new URL('./index.ts', import.meta.url).href;

async function refusesConnections(url: string): Promise<void> {
  await expect(connect({ servers: url, reconnect: false, maxReconnectAttempts: 0 })).rejects.toThrow();
}

test('messages that were acknowledged are there after a crash and a restart on the same port', async () => {
  await using folder = await scratchFolder();
  await using server = await startNatsServer({ dataDir: join(folder.path, 'data') });
  const first = await connect({ servers: server.url, reconnect: false });
  expect(first.info?.jetstream).toBe(true);
  const manager = await jetstreamManager(first);
  await manager.streams.add({ name: 'kept', subjects: ['kept.>'] });
  const { seq } = await jetstream(first).publish('kept.one', 'hello');
  const crashedPid = server.pid;

  await server.kill();
  await first.closed();
  await refusesConnections(server.url);
  await server.restart();

  expect(server.pid).not.toBe(crashedPid);
  const second = await connect({ servers: server.url });
  const message = await (await jetstreamManager(second)).streams.getMessage('kept', { seq });
  expect(message?.string()).toBe('hello');
  await second.close();
});

test('stop ends it, twice is fine, and the folder is free afterwards', async () => {
  await using folder = await scratchFolder();
  const server = await startNatsServer({ dataDir: folder.path });
  await Promise.all([server.stop(), server.stop()]);
  await server.stop();
  await refusesConnections(server.url);
  const next = await startNatsServer({ dataDir: folder.path, port: server.port });
  expect(next.url).toBe(server.url);
  await next.stop();
});

test('a second server on the same data is refused while the first runs', async () => {
  await using folder = await scratchFolder();
  await using server = await startNatsServer({ dataDir: folder.path });
  await expect(startNatsServer({ dataDir: folder.path })).rejects.toMatchObject({
    code: 'NATS_SERVER_DATA_IN_USE',
    message: expect.stringContaining(`process ${server.pid}`),
  });
});

test('a folder whose server crashed is free again', async () => {
  await using folder = await scratchFolder();
  const server = await startNatsServer({ dataDir: folder.path });
  process.kill(server.pid, 'SIGKILL');
  await server.kill();
  await using next = await startNatsServer({ dataDir: folder.path });
  expect(next.pid).not.toBe(server.pid);
});

test('configText reaches the server, and the options win over it', async () => {
  await using folder = await scratchFolder();
  await using server = await startNatsServer({
    dataDir: folder.path,
    configText: 'port: 1\nmax_payload: 131072\n',
  });
  const connection = await connect({ servers: server.url });
  expect(connection.info?.max_payload).toBe(131_072);
  await connection.close();
});

test('a server that ends early is reported with its last lines', async () => {
  await using folder = await scratchFolder();
  await expect(startNatsServer({ dataDir: folder.path, configText: 'nonsense {' })).rejects.toMatchObject({
    code: 'NATS_SERVER_START_FAILED',
    message: expect.stringMatching(/ended while it was starting[\s\S]*Parse error on line 1/),
  });
  const binary = await fakeProgram(folder.path, 'fake', 'echo "disk is full" >&2; exit 3');
  await expect(startNatsServer({ binary, dataDir: folder.path })).rejects.toThrow(
    /exit code 3.*\n {2}disk is full/,
  );
  const missing = startNatsServer({ binary: join(folder.path, 'missing'), dataDir: folder.path });
  await expect(missing).rejects.toMatchObject({ code: 'NATS_SERVER_START_FAILED' });
});

test('a port that is taken is reported', async () => {
  await using folder = await scratchFolder();
  const taken = createServer();
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve));
  const address = taken.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  await expect(startNatsServer({ dataDir: folder.path, port })).rejects.toThrow(/address already in use/);
  await new Promise(resolve => taken.close(resolve));
});

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'it ends when the process that started it gets %s',
  async signal => {
    await using folder = await scratchFolder();
    const program = `
    import { startNatsServer } from ${JSON.stringify(indexUrl)};
    const server = await startNatsServer({ dataDir: ${JSON.stringify(folder.path)} });
    console.log(server.url);
  `;
    const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [url] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    const connection = await connect({ servers: url, reconnect: false });
    parent.kill(signal);
    // The connection closes when the server does; without the guard this test would run into its time limit.
    await connection.closed();
    await refusesConnections(url);
    await expect(access(join(folder.path, 'jetstream'))).resolves.toBeUndefined();
  },
);
