import { defaultJsonBreadth } from '@longhaul/broker';
import { initTRPC } from '@trpc/server';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { Connections } from '../edges/connections.ts';
import { edgeLimits } from '../edges/edgeLimits.ts';
import { Entrance } from '../edges/entrance.ts';
import { OwnerStreams } from '../edges/ownerStreams.ts';
import { createHttpServer } from './server.ts';

it('a gateway that is being stopped sends everybody elsewhere, and REST in its own words', async () => {
  const edges = edgeLimits({}, false);
  const authenticate = () => ({ owner: 'ann', role: 'user' }) as const;
  const server = await createHttpServer({
    router: initTRPC.create().router({}),
    operations: [],
    logger: pino({ level: 'silent' }),
    authenticate,
    edges,
    connections: new Connections(edges.stalledMs),
    entrance: new Entrance(authenticate, { isOverloaded: () => false, isCutOff: () => false }, edges),
    whyNotReady: () => undefined,
    stop: AbortSignal.abort(),
    payloadLimitBytes: 1,
    isOpen: false,
    streams: new OwnerStreams(1),
    link: { lost: new AbortController().signal, restored: new Promise(() => {}) },
    metrics: { access: 'off', text: async () => '' },
    jsonBreadth: defaultJsonBreadth,
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
