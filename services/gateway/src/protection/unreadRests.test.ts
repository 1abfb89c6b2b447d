import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { fastify } from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { discardUnreadRests, type RestLimits } from './unreadRests.ts';

const hour = 3_600_000;
const within: RestLimits = { bytes: Number.POSITIVE_INFINITY, idleMs: hour, totalMs: hour };

/** A connection to a server that answers 403 as soon as it has a head, with such limits for what follows. */
async function refused(limits: Partial<RestLimits>, head: string) {
  const server = fastify();
  discardUnreadRests(server, { ...within, ...limits });
  server.addHook('onRequest', async (_request, reply) => reply.code(403).send('no'));
  server.post('/', async () => 'yes');
  await server.listen({ port: 0, host: '127.0.0.1' });
  const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  onTestFinished(async () => {
    socket.destroy();
    await server.close();
  });
  socket.write(`POST / HTTP/1.1\r\nHost: a\r\n${head}\r\n\r\n`);
  const [first] = await once(socket, 'data');
  expect(String(first)).toContain('403');
  return socket;
}

it.each([
  ['that does not end is cut off after so many bytes', { bytes: 1_000_000 }],
  ['that stays away is cut off after a time', { idleMs: 30 }],
  ['that takes for ever is cut off after a time', { totalMs: 60 }],
])('the rest of a refused request %s', async (_what, limits) => {
  const socket = await refused(limits, 'Content-Length: 900000000');
  const closed = new Promise(resolve => socket.once('close', resolve));
  const more = () => socket.writable && socket.write(Buffer.alloc(20_000), more);
  if (!('idleMs' in limits)) more();
  await closed;
});

it.each([
  ['Content-Length: 5', 'later'],
  ['Transfer-Encoding: chunked', '5\r\nlater\r\n0\r\n\r\n'],
])(
  'a refused request that ends within the limits leaves a connection for the next one: %s',
  async (head, rest) => {
    const socket = await refused({}, head);
    socket.write(rest);
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
    const [second] = await once(socket, 'data');
    expect(String(second)).toContain('403');
  },
);
