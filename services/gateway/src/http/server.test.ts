import { createServer } from 'node:http';
import { defaultJsonBreadth } from '@longhaul/broker';
import { initTRPC } from '@trpc/server';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { Admission } from '../protection/admission.ts';
import { Connections } from '../protection/connections.ts';
import { OwnerStreams } from '../protection/ownerStreams.ts';
import { protectionLimits } from '../protection/protectionOptions.ts';
import { createHttpServer } from './server.ts';

it('a gateway that is being stopped sends everybody elsewhere, and REST in its own words', async () => {
  const protection = protectionLimits({}, false);
  const authenticate = () => ({ owner: 'ann', role: 'user' }) as const;
  const server = await createHttpServer({
    router: initTRPC.create().router({}),
    operations: [],
    logger: pino({ level: 'silent' }),
    authenticate,
    protection,
    connections: new Connections(protection.stalledMs),
    admission: new Admission(authenticate, { isOverloaded: () => false, isCutOff: () => false }, protection),
    notReadyReason: () => undefined,
    stop: AbortSignal.abort(),
    payloadLimitBytes: 1,
    isOpen: false,
    streams: new OwnerStreams(1),
    link: { lost: new AbortController().signal },
    metrics: { access: 'off', text: async () => '' },
    jsonBreadth: defaultJsonBreadth,
    requestLog: 'off',
    serverFactory: handler => createServer(handler),
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
