import { initTRPC } from '@trpc/server';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { createHttpServer } from './server.ts';

it('a gateway that is being stopped sends everybody elsewhere, and REST in its own words', async () => {
  const server = await createHttpServer({
    router: initTRPC.create().router({}),
    operations: [],
    logger: pino({ level: 'silent' }),
    authenticate: () => ({ owner: 'ann', role: 'user' }),
    whyNotReady: () => undefined,
    stop: AbortSignal.abort(),
    payloadLimitBytes: 1,
    isOpen: false,
    streams: { open: 0 },
    metrics: { access: 'off', text: async () => '' },
    requestLog: 'off',
  });
  const rest = await server.inject('/v1/tasks');
  expect([rest.statusCode, rest.headers['retry-after'], rest.headers.connection]).toEqual([
    503,
    '1',
    'close',
  ]);
  expect(rest.headers['content-type']).toContain('application/problem+json');
  expect(rest.json()).toMatchObject({ code: 'SHUTTING_DOWN', status: 503 });
  const trpc = await server.inject('/trpc/tasks.list');
  expect(trpc.statusCode).toBe(503);
  expect(trpc.json()).toMatchObject({ error: { reason: 'SHUTTING_DOWN' } });
  await server.close();
});
