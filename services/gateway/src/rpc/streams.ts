import { type TrackedEnvelope, tracked } from '@trpc/server';
import { expired, untilCredentialsEnd } from '../auth/credentials.ts';
import { unavailable } from '../errors.ts';
import { streamAgeMs } from '../protection/streamAge.ts';
import type { Context } from './trpc.ts';
import { toTrpcError } from './trpc.ts';

/**
 * Turns a stream of the service into a tRPC subscription, which yields every item with the id to resume after.
 *
 * When the gateway stops, and at an age of at most `streamMaxMs`, the stream ends in a way that makes clients open it again. When the
 * caller's credentials expire or are revoked, it fails with CREDENTIALS_EXPIRED.
 *
 * @param open opens the stream; its signal is aborted when the client leaves, the gateway stops or is cut off from NATS
 * @param needsNats whether the stream ends when the gateway is cut off from NATS
 */
export async function* trackedStream<I extends { readonly id: string }, D>(
  context: Context,
  clientLeft: AbortSignal | undefined,
  open: (signal: AbortSignal) => AsyncIterable<I>,
  dataOf: (item: I) => D | Promise<D>,
  needsNats = true,
): AsyncGenerator<TrackedEnvelope<D>, void, void> {
  using credentials = untilCredentialsEnd(context.caller);
  const aged = new AbortController();
  using _timer = context.backpressure ? undefined : abortAfter(aged, streamAgeMs(context.streamMaxMs));
  const { lost } = context.link;
  const ends = [context.stop, credentials.signal, aged.signal, ...(needsNats ? [lost] : [])];
  const signal = AbortSignal.any(clientLeft ? [clientLeft, ...ends] : ends);
  using _permit = acquirePermit(context);
  try {
    for await (const item of open(signal)) {
      // Over SSE the next item is requested only after the last one was sent. A WebSocket needs an explicit wait.
      for (
        let drained = context.backpressure?.whenDrained();
        drained && !signal.aborted;
        drained = context.backpressure?.whenDrained()
      )
        await drained;
      yield tracked(item.id, await dataOf(item));
    }
  } catch (error) {
    if (!signal.aborted) throw toTrpcError(error);
  }
  // An AbortError ends tRPC's event stream without a final message, and a client without one reconnects.
  if (context.stop.aborted) throw new DOMException('The gateway is being stopped.', 'AbortError');
  if (aged.signal.aborted && !clientLeft?.aborted)
    throw new DOMException('The stream has reached its maximum age. Open it again.', 'AbortError');
  // No event could arrive, which a client could not distinguish from silence. It retries until NATS is reachable.
  if (needsNats && lost.aborted && !clientLeft?.aborted) throw toTrpcError(unavailable(lost.reason));
  if (credentials.signal.aborted && !clientLeft?.aborted) throw toTrpcError(expired());
}

function abortAfter(controller: AbortController, ms: number): Disposable {
  const timer = setTimeout(() => controller.abort(), ms).unref();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

function acquirePermit({ streams, caller }: Context): Disposable {
  try {
    return streams.acquire(caller.owner);
  } catch (error) {
    throw toTrpcError(error);
  }
}
