import type { GatewayErrorShape } from '@longhaul/proto/wire';
import { TRPCClientError } from '@trpc/client';
import { ClientOptionsError } from './clientErrors.ts';

/** The first wait after a lost connection, and the longest, in milliseconds; between them it doubles. */
const firstWaitMs = 200;
const longestWaitMs = 5_000;

/** Whether an error is one of the way to the gateway (or of NATS behind it), so that trying again can help. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof TRPCClientError) || error.cause instanceof ClientOptionsError) return false;
  const shape = error.shape as Partial<GatewayErrorShape> | undefined;
  if (shape !== undefined)
    return shape.data?.code === 'SERVICE_UNAVAILABLE' || shape.data?.code === 'TOO_MANY_REQUESTS';
  // Nothing of ours answered: no connection, a proxy's page, a gateway that is being stopped. A refusal stays one.
  const response: unknown = error.meta?.response;
  const status =
    typeof response === 'object' && response !== null && 'status' in response ? Number(response.status) : 0;
  return status < 400 || status >= 500 || mayPass.has(status);
}

/** Statuses of a refusal that may be taken back: too slow, too early, too often. */
const mayPass = new Set([408, 425, 429]);

/** How long to wait before a try: exponential, with jitter, so that a gateway that returns is not overrun. */
export function waitBeforeTry(tries: number, random: () => number = Math.random): number {
  const full = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.max(0, tries - 1));
  return full / 2 + (full / 2) * random();
}

/** Waits, or rejects with the signal's reason. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
