import type { Broker } from '@longhaul/broker';
import type { Logger } from 'pino';
import { type AttemptMetrics, type ExecutorGauges, ExecutorMetrics } from './executorMetrics.ts';
import { type MetricsOptions, serveMetrics } from './metricsServer.ts';

/** The metrics of a running executor: what attempts are told to, and where it is served. */
export type OpenMetrics = {
  readonly counted: AttemptMetrics;
  readonly url: string;
  readonly close: () => Promise<void>;
};

/**
 * Makes an executor's metrics and serves them.
 *
 * @param names the tasks that it serves
 * @throws Error when the port cannot be had
 */
export async function openMetrics(
  options: MetricsOptions,
  { nc }: Broker,
  names: Iterable<string>,
  gauges: Omit<ExecutorGauges, 'isConnected'>,
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
  const look = { ...gauges, isConnected: () => connected };
  const { url, close } = await serveMetrics(options, () => metrics.text(look), logger);
  return { counted: metrics, url, close };
}
