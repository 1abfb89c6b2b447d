import { randomBytes } from 'node:crypto';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { expect, inject, test } from 'vitest';
import { openConnection } from './connect.ts';
import { writeOncePerTurn } from './writeOncePerTurn.ts';

type Inside = NatsConnection & { protocol: { transport: { send: (frame: Uint8Array) => void } } };

/** Counts what goes to the socket. */
function countWrites(nc: NatsConnection): () => number {
  const { transport } = (nc as Inside).protocol;
  const send = transport.send.bind(transport);
  let writes = 0;
  transport.send = frame => {
    writes += 1;
    send(frame);
  };
  return () => writes;
}

async function receiver(count: number) {
  const nc = await connect({ servers: inject('natsUrl') });
  const subject = `w${randomBytes(6).toString('hex')}`;
  const got: string[] = [];
  const all = Promise.withResolvers<string[]>();
  nc.subscribe(subject, {
    callback: (_error, message) => {
      if (got.push(message.string()) === count) all.resolve(got);
    },
  });
  await nc.flush();
  return { subject, all: all.promise, [Symbol.asyncDispose]: () => nc.close() };
}

const open = () => openConnection({ servers: inject('natsUrl') }, 'test');
const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i));

test('the client is as this expects it to be: after an update that changes it, look at writeOncePerTurn.ts', async () => {
  const nc = await connect({ servers: inject('natsUrl') });
  expect(writeOncePerTurn(nc)).toBeTypeOf('function');
  await nc.close();
});

test('what is published in one turn of the event loop is one write, in order', async () => {
  await using to = await receiver(50);
  const { nc, close } = await open();
  const writes = countWrites(nc);
  for (const i of numbers(50)) {
    nc.publish(to.subject, i);
    // The client alone would write here.
    await Promise.resolve();
  }
  expect(await to.all).toEqual(numbers(50));
  expect(writes()).toBe(1);
  await close();
});

test('much is not gathered: it is written as soon as the client would', async () => {
  await using to = await receiver(100);
  const { nc, close } = await open();
  const writes = countWrites(nc);
  for (const i of numbers(100)) nc.publish(to.subject, i.padEnd(8_000));
  const untilHere = writes();
  expect(untilHere).toBeGreaterThan(10);
  expect((await to.all).map(text => text.trim())).toEqual(numbers(100));
  await close();
});

test('what was published last is sent before the connection closes, drains or is flushed', async () => {
  for (const end of ['close', 'drain', 'flush'] as const) {
    await using to = await receiver(1);
    const { nc, close } = await open();
    nc.publish(to.subject, end);
    await (end === 'close' ? close() : nc[end]());
    expect(await to.all).toEqual([end]);
    await close();
  }
});

test('after a reconnect it continues as before', async () => {
  await using to = await receiver(1);
  const { nc, close } = await open();
  const reconnected = (async () => {
    for await (const { type } of nc.status()) if (type === 'reconnect') return;
  })();
  await nc.reconnect();
  await reconnected;
  const writes = countWrites(nc);
  nc.publish(to.subject, 'again');
  expect(await to.all).toEqual(['again']);
  expect(writes()).toBe(1);
  await close();
});

test('a client of another shape is left as it is', () => {
  const other = { protocol: { flushPending: () => {} } } as unknown as NatsConnection;
  const { flushPending } = (other as unknown as { protocol: { flushPending: unknown } }).protocol;
  expect(writeOncePerTurn(other)).toBeUndefined();
  expect(other).toEqual({ protocol: { flushPending } });
});
