import promClient from 'prom-client';

let registry: promClient.Registry | undefined;

/**
 * What Prometheus wants to know of any process (`process_*`, `nodejs_*`: processor, memory, event loop, garbage
 * collection), in its text format. Made once a process, since the client's observers cannot be taken away again.
 */
export function processMetrics(): Promise<string> {
  if (!registry) {
    registry = new promClient.Registry();
    promClient.collectDefaultMetrics({ register: registry });
  }
  return registry.metrics();
}

/** The media type of that text. */
export const metricsContentType = promClient.Registry.PROMETHEUS_CONTENT_TYPE;
