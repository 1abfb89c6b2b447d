import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startTracing } from '@longhaul/runtime';
import { freshNamespace } from '@longhaul/testing';
import { spawnGateway } from '@longhaul/testkit';
import { afterEach, describe, expect, inject, it } from 'vitest';

/** Something that takes what an OTLP exporter sends. */
async function collector() {
  const received: { readonly path: string; readonly body: string }[] = [];
  const server = createServer(async (request, response) => {
    const chunks = await Array.fromAsync(request as AsyncIterable<Buffer>);
    received.push({ path: request.url ?? '', body: Buffer.concat(chunks).toString('latin1') });
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.closeAllConnections();
    return new Promise<void>(resolve => server.close(() => resolve()));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, close };
}

afterEach(() => {
  delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
});

describe('the tracing of a process', () => {
  it('exports its spans where the environment names an endpoint, the last of them when it stops', async () => {
    const { url, received, close } = await collector();
    process.env.OTEL_EXPORTER_OTLP_ENDPOINT = url;
    await using gateway = await spawnGateway({ natsUrl: inject('natsUrl'), namespace: freshNamespace() });
    await fetch(`${gateway.url}/healthz`);
    expect(await gateway.stop()).toBe(0);
    await close();
    const [sent] = received;
    expect(sent?.path).toBe('/v1/traces');
    expect(sent?.body).toContain('longhaul-gateway-under-test');
    expect(sent?.body).toContain('GET /healthz');
  });

  it('is off without one, or when it is switched off', async () => {
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
    expect(await startTracing('x', {})).toBeUndefined();
    expect(await startTracing('x', { ...endpoint, OTEL_SDK_DISABLED: 'true' })).toBeUndefined();
    expect(await startTracing('x', { ...endpoint, OTEL_TRACES_EXPORTER: 'none' })).toBeUndefined();
  });

  it('says what it cannot do', async () => {
    const grpc = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4317',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    };
    await expect(startTracing('x', grpc)).rejects.toThrow('OTEL_EXPORTER_OTLP_PROTOCOL');
  });
});
