import { type TrackedEnvelope, tracked } from '@trpc/server';
import { expired, untilCredentialsEnd } from '../auth/credentials.ts';
import { unavailable } from '../errors.ts';
import type { Context } from './trpc.ts';
import { toTrpcError } from './trpc.ts';

/**
 * Turns a stream of the service into what a tRPC subscription yields: every item with the id to resume after.
 *
 * When the gateway stops, and after `streamMaxMs`, the stream ends in a way that makes clients open it again. When the caller's
 * credentials end, it fails with CREDENTIALS_EXPIRED.
 *
 * @param open gets a signal that is aborted when the client leaves, the gateway stops or is cut off from NATS
 * @param needsNats a stream that itself says how NATS is goes on without it
 */
export async function* trackedStream<I extends { readonly id: string }, D>(
  context: Context,
  clientLeft: AbortSignal | undefined,
  open: (signal: AbortSignal) => AsyncIterable<I>,
  dataOf: (item: I) => D | Promise<D>,
  needsNats = true,
): AsyncGenerator<TrackedEnvelope<D>, void, void> {
  using credentials = untilCredentialsEnd(context.caller);
  const old = new AbortController();
  using _timer = context.room ? undefined : abortAfter(old, context.streamMaxMs);
  const { lost } = context.link;
  const ends = [context.stop, credentials.signal, old.signal, ...(needsNats ? [lost] : [])];
  const signal = AbortSignal.any(clientLeft ? [clientLeft, ...ends] : ends);
  using _place = acquirePermit(context);
  try {
    for await (const item of open(signal)) {
      // Over SSE nobody asks for the next item before the last one is on its way; a WebSocket has to be waited for.
      for (
        let free = context.room?.whenDrained();
        free && !signal.aborted;
        free = context.room?.whenDrained()
      )
        await free;
      yield tracked(item.id, await dataOf(item));
    }
  } catch (error) {
    if (!signal.aborted) throw toTrpcError(error);
  }
  // An AbortError ends tRPC's event stream without a word, and a client that was not told of an end comes back.
  if (context.stop.aborted) throw new DOMException('The gateway is being stopped.', 'AbortError');
  if (old.signal.aborted && !clientLeft?.aborted)
    throw new DOMException('The stream is to be opened again.', 'AbortError');
  // Nothing would come any more, and nobody could tell that from quiet: its client tries again until NATS is back.
  if (needsNats && lost.aborted && !clientLeft?.aborted) throw toTrpcError(unavailable(lost.reason));
  if (credentials.signal.aborted && !clientLeft?.aborted) throw toTrpcError(expired());
}

function abortAfter(controller: AbortController, ms: number): Disposable {
  const timer = setTimeout(() => controller.abort(), ms).unref();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

function acquirePermit({ streams, caller }: Context): Disposable {
  try {
    return streams.take(caller.owner);
  } catch (error) {
    throw toTrpcError(error);
  }
}
