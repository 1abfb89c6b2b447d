import { randomBytes } from 'node:crypto';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { createTopology } from '@longhaul/proto/wire';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createBroker } from './broker.ts';
import { isUnavailable } from './brokerErrors.ts';
import { readBatch, readStream } from './directBatch.ts';

const stream = `b${randomBytes(6).toString('hex')}`;
const count = 600;
const bytesEach = 4_000;
const nc = await connect({ servers: inject('natsUrl') });
const broker = await createBroker(nc, createTopology());

beforeAll(async () => {
  await broker.jsm.streams.add({ name: stream, subjects: [`${stream}.>`], allow_direct: true });
  const data = new Uint8Array(bytesEach);
  for (let i = 0; i < count; i += 100)
    await Promise.all(
      Array.from({ length: 100 }, (_, j) => broker.acked.publish(`${stream}.${i + j}`, data)),
    );
});
afterAll(async () => {
  await broker.jsm.streams.delete(stream);
  await nc.close();
});

/** A way to the server that can be cut after so many more bytes from it, once. What comes later goes through. */
async function startProxy(url: URL) {
  let cutAfterBytes = Number.POSITIVE_INFINITY;
  const open = new Set<Socket>();
  const proxy = createServer(client => {
    const server = connectTcp(Number(url.port), url.hostname);
    const close = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      open.add(socket);
      socket.on('error', close).on('close', close);
    }
    client.on('data', data => server.write(data));
    server.on('data', data => {
      cutAfterBytes -= data.length;
      if (cutAfterBytes > 0) {
        client.write(data);
        return;
      }
      cutAfterBytes = Number.POSITIVE_INFINITY;
      close();
    });
  });
  const address = await new Promise<string>((resolve, reject) => {
    proxy.once('error', reject).listen(0, '127.0.0.1', () => {
      const at = proxy.address();
      resolve(`127.0.0.1:${typeof at === 'object' ? at?.port : ''}`);
    });
  });
  return {
    address,
    cutAfter: (bytes: number) => {
      cutAfterBytes = bytes;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      await new Promise(resolve => proxy.close(resolve));
    },
  };
}

const seqs = async (from = broker, fromSeq = 1) =>
  (await Array.fromAsync(readStream(from, stream, `${stream}.>`, fromSeq))).map(({ seq }) => seq);
const all = Array.from({ length: count }, (_, i) => i + 1);

const subscriptionsOf = (connection: NatsConnection) =>
  (
    connection as NatsConnection & { protocol: { subscriptions: { size: () => number } } }
  ).protocol.subscriptions.size();

describe('a stream is read', () => {
  test('whole, in order, however many batches it takes', async () => {
    expect(await seqs()).toEqual(all);
    expect(await seqs(broker, 590)).toEqual(all.slice(589));
  });

  test('as nothing where there is nothing', async () => {
    expect(await seqs(broker, count + 1)).toEqual([]);
    expect(await Array.fromAsync(readStream(broker, stream, `${stream}-other.>`, 1))).toEqual([]);
  });

  test('in several reads where the server ends a batch early, because it has many bytes', async () => {
    const { messages, isLast } = await readBatch(broker, stream, {
      seq: 1,
      batch: 100,
      max_bytes: 10 * bytesEach,
    });
    expect(messages.length).toBeLessThan(20);
    expect(isLast).toBe(false);
  });

  test('without leaving a subscription behind', async () => {
    const before = subscriptionsOf(nc);
    await seqs();
    expect(subscriptionsOf(nc)).toBe(before);
  });

  test('to its end, each message once, though the connection is lost in the middle of a batch', async () => {
    await using proxy = await startProxy(new URL(inject('natsUrl')));
    const cut = await connect({ servers: proxy.address, reconnectTimeWait: 10, maxReconnectAttempts: -1 });
    try {
      const through = await createBroker(cut, createTopology());
      proxy.cutAfter(100 * bytesEach);
      expect(await seqs(through)).toEqual(all);
      expect(cut.stats().inBytes).toBeGreaterThan(count * bytesEach);
    } finally {
      await cut.close();
    }
  });

  test('and fails where the stream is not there', async () => {
    const none = await Array.fromAsync(readStream(broker, `${stream}-none`, '>', 1)).catch(
      (error: unknown) => error,
    );
    expect(isUnavailable(none)).toBe(true);
  });
});
