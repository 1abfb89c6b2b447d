import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { ListenError, listenFailure } from './listenError.ts';

const settings = { host: 'host (HOST)', port: 'port (PORT)' };
const listen = (host: string, port: number) =>
  new Promise<unknown>(resolve => {
    const server = createServer();
    server.once('error', cause => resolve(listenFailure(cause, 'the gateway', { host, port }, settings)));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });

test('a port that another process has', async () => {
  const other = createServer();
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve));
  const address = other.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const error = await listen('127.0.0.1', port);
  other.close();
  expect(error).toBeInstanceOf(ListenError);
  expect(error).toMatchObject({
    code: 'ADDRESS_IN_USE',
    message: `Another process listens at 127.0.0.1:${port}, so the gateway cannot. Stop it, or choose another port (PORT); 0 takes a free one.`,
    cause: { code: 'EADDRINUSE' },
  });
});

test.each(['192.0.2.1', 'no-such-host.invalid'])(
  'an address that the machine does not have: %s',
  async host => {
    expect(await listen(host, 0)).toMatchObject({
      code: 'ADDRESS_NOT_AVAILABLE',
      message: expect.stringContaining(`no address ${host}`),
    });
  },
);

test('a port for administrators', () => {
  const cause = Object.assign(new Error('listen EACCES'), { code: 'EACCES' });
  const error = listenFailure(cause, 'the gateway', { host: '::1', port: 80 }, settings);
  expect(error).toMatchObject({ code: 'ADDRESS_NOT_ALLOWED', message: expect.stringContaining('[::1]:80') });
});

test('what it does not know stays what it is', () => {
  const cause = Object.assign(new Error('too many files'), { code: 'EMFILE' });
  expect(listenFailure(cause, 'the gateway', { host: '127.0.0.1', port: 1 }, settings)).toBe(cause);
  expect(listenFailure('odd', 'the gateway', { host: '127.0.0.1', port: 1 }, settings)).toBe('odd');
});
