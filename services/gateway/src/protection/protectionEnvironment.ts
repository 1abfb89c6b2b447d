import { EnvironmentError } from '@longhaul/runtime';
import { z } from 'zod';
import type { ProtectionOptions } from './protectionOptions.ts';

const positive = z.coerce.number().positive();
const list = z.string().transform(text =>
  text
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== ''),
);

/** The environment variables of the gateway's protection. */
export const protectionVariables = z.object({
  /** Calls of an owner a second; 0: no limit. */
  CALLS_PER_SECOND: z.coerce.number().min(0).optional(),
  CALLS_BURST: z.coerce.number().int().min(1).optional(),
  STREAMS_PER_OWNER: positive.optional(),
  REPLAY_EVENTS: positive.optional(),
  MAX_CONNECTIONS: positive.optional(),
  STALLED_MS: positive.optional(),
  STREAM_MAX_MS: positive.optional(),
  HEADERS_TIMEOUT_MS: positive.optional(),
  REQUEST_TIMEOUT_MS: positive.optional(),
  OVERLOAD_DELAY_MS: z.coerce.number().min(0).optional(),
  /** Separated by commas. */
  ALLOWED_ORIGINS: list.optional(),
  TRUSTED_PROXIES: list.optional(),
});

/** Where only the rate is given, the burst is the calls of ten seconds. */
const burstSeconds = 10;
const smallestBurst = 100;

/**
 * Reads the protection options of `createGateway` from the environment.
 * @throws EnvironmentError when a burst is given without its rate
 */
export function protectionOptionsOf(env: z.output<typeof protectionVariables>): ProtectionOptions {
  const options = {
    callRate: callRateOf(env),
    streamsPerOwner: env.STREAMS_PER_OWNER,
    replayEvents: env.REPLAY_EVENTS,
    connections: env.MAX_CONNECTIONS,
    stalledMs: env.STALLED_MS,
    streamMaxMs: env.STREAM_MAX_MS,
    headersTimeoutMs: env.HEADERS_TIMEOUT_MS,
    requestTimeoutMs: env.REQUEST_TIMEOUT_MS,
    overloadDelayMs: env.OVERLOAD_DELAY_MS,
    allowedOrigins: env.ALLOWED_ORIGINS,
    trustedProxies: env.TRUSTED_PROXIES,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function callRateOf({
  CALLS_PER_SECOND: perSecond,
  CALLS_BURST: burst,
}: z.output<typeof protectionVariables>): ProtectionOptions['callRate'] | undefined {
  if (perSecond === 0) return 'off';
  if (perSecond === undefined) {
    if (burst === undefined) return undefined;
    throw new EnvironmentError(
      'CALLS_BURST needs CALLS_PER_SECOND, the rate at which a used burst is restored.',
    );
  }
  return { perSecond, burst: burst ?? Math.max(smallestBurst, burstSeconds * perSecond) };
}
