import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Broker } from '@longhaul/broker';
import { listenFailure } from '@longhaul/runtime';
import { metricsContentType } from '@longhaul/runtime/processMetrics';
import type { Logger } from 'pino';
import { type ExecutorGauges, ExecutorMetrics } from './executorMetrics.ts';
import type { AttemptMetrics } from './observeAttempt.ts';

/** Where an executor serves its metrics. */
export type MetricsOptions = {
  /** The port. `0` takes a free one. */
  readonly port: number;
  /** The address to listen on. Default: `127.0.0.1`. There is no authentication: open it to the scraper alone. */
  readonly host?: string;
};

/** Where its address comes from. */
const settings = { host: 'metrics.host (METRICS_HOST)', port: 'metrics.port (METRICS_PORT)' };
/** A scrape is short. A slower request is closed. */
const requestTimeoutMs = 10_000;

/**
 * Serves `GET /metrics`, and nothing else.
 * @throws ListenError when the port is not available
 */
export async function serveMetrics(
  { port, host = '127.0.0.1' }: MetricsOptions,
  text: () => Promise<string>,
  logger: Logger,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('The metrics are at /metrics.\n');
      return;
    }
    text().then(
      body => response.writeHead(200, { 'content-type': metricsContentType }).end(body),
      (err: unknown) => {
        logger.error({ err }, 'the metrics could not be read');
        response.writeHead(500).end();
      },
    );
  });
  server.maxConnections = 16;
  server.listen(port, host);
  await once(server, 'listening').catch((cause: unknown) => {
    throw listenFailure(cause, 'the metrics server of the executor', { host, port }, settings);
  });
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${name}:${address.port}/metrics`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The metrics of a running executor: where attempts are counted, and where they are served. */
export type OpenMetrics = {
  readonly counted: AttemptMetrics;
  readonly url: string;
  readonly close: () => Promise<void>;
};

/**
 * Makes an executor's metrics and serves them.
 *
 * @param names the types of tasks that it runs
 * @throws ListenError when the port is not available
 */
export async function openMetrics(
  options: MetricsOptions,
  { nc, clock }: Broker,
  names: Iterable<string>,
  gauges: Omit<ExecutorGauges, 'isConnected' | 'clockAheadMs'>,
  logger: Logger,
): Promise<OpenMetrics> {
  let connected = !nc.isClosed();
  void (async () => {
    for await (const { type } of nc.status()) {
      if (type === 'disconnect' || type === 'close') connected = false;
      if (type === 'reconnect') connected = true;
    }
  })();
  const metrics = new ExecutorMetrics(names);
  const look = { ...gauges, isConnected: () => connected, clockAheadMs: () => clock.aheadMs };
  const { url, close } = await serveMetrics(options, () => metrics.text(look), logger);
  return { counted: metrics, url, close };
}
