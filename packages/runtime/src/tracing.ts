import { z } from 'zod';
import { readEnvironment } from './environment.ts';
import type { SamplerName, Tracing } from './tracingSdk.ts';

const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const satisfies readonly SamplerName[];

/** OpenTelemetry's own variables. The exporter reads the rest of `OTEL_EXPORTER_OTLP_*` itself. */
const tracingEnvironment = z.object({
  OTEL_SDK_DISABLED: z.stringbool().default(false),
  OTEL_TRACES_EXPORTER: z.enum(['otlp', 'none']).default('otlp'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z.url().optional(),
  OTEL_EXPORTER_OTLP_PROTOCOL: z.literal('http/protobuf').optional(),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: z.literal('http/protobuf').optional(),
  OTEL_TRACES_SAMPLER: z.enum(samplers).default('parentbased_always_on'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
});

/**
 * Registers OpenTelemetry's SDK for this process where its environment asks for it (an endpoint is set), and loads it
 * only then: without it the SDK costs neither time nor memory, and spans are not recorded.
 *
 * @param name the name of the service, where `OTEL_SERVICE_NAME` is not set
 * @returns `undefined` when tracing is not asked for
 * @throws EnvironmentError
 */
export async function startTracing(
  name: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Tracing | undefined> {
  const asked = readEnvironment(tracingEnvironment, env);
  const endpoint = asked.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? asked.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (asked.OTEL_SDK_DISABLED || asked.OTEL_TRACES_EXPORTER === 'none' || endpoint === undefined)
    return undefined;
  const { registerSdk } = await import('./tracingSdk.ts');
  return registerSdk(name, asked.OTEL_TRACES_SAMPLER, asked.OTEL_TRACES_SAMPLER_ARG);
}
