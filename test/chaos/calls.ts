import { setTimeout as delay } from 'node:timers/promises';
import type { GatewayErrorShape } from '@longhaul/proto/wire';
import { TRPCClientError } from '@trpc/client';

/** While a gateway is away a call is tried again after this long. */
const againMs = 150;

/** What a gateway said of an error, if one did. */
export function shapeOf(error: unknown): GatewayErrorShape | undefined {
  if (!(error instanceof TRPCClientError)) return undefined;
  return (error.shape ?? undefined) as GatewayErrorShape | undefined;
}

/** Whether a call failed on its way, or because NATS is away: nothing else may go wrong while processes die. */
export function isAway(error: unknown): boolean {
  if (!(error instanceof TRPCClientError)) return false;
  const shape = shapeOf(error);
  return shape === undefined || shape.data.code === 'SERVICE_UNAVAILABLE';
}

/**
 * Makes a call until it is answered.
 * @param onAway told of each try that is made again
 * @throws what is no matter of reaching the gateway, and the signal's reason
 */
export async function untilAnswered<T>(
  call: () => Promise<T>,
  signal: AbortSignal,
  onAway: (error: unknown) => void = () => {},
): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      if (!isAway(error)) throw error;
      onAway(error);
    }
    await delay(againMs, undefined, { signal });
  }
}
