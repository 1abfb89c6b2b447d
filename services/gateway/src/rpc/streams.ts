import { type TrackedEnvelope, tracked } from '@trpc/server';
import { expired, untilCredentialsEnd } from '../auth/credentialsEnd.ts';
import type { Context } from './trpc.ts';
import { toTrpcError } from './trpc.ts';

/**
 * Turns a stream of the service into what a tRPC subscription yields: every item with the id to resume after.
 *
 * When the gateway stops, the stream ends in a way that makes clients open it again elsewhere. When the caller's
 * credentials end, it fails with CREDENTIALS_EXPIRED.
 *
 * @param open gets a signal that is aborted when the client leaves or the gateway stops
 */
export async function* trackedStream<I extends { readonly id: string }, D>(
  context: Context,
  clientLeft: AbortSignal | undefined,
  open: (signal: AbortSignal) => AsyncIterable<I>,
  dataOf: (item: I) => D,
): AsyncGenerator<TrackedEnvelope<D>, void, void> {
  using credentials = untilCredentialsEnd(context.caller);
  const ends = [context.stop, credentials.signal];
  const signal = AbortSignal.any(clientLeft ? [clientLeft, ...ends] : ends);
  context.streams.open += 1;
  try {
    for await (const item of open(signal)) yield tracked(item.id, dataOf(item));
  } catch (error) {
    if (!signal.aborted) throw toTrpcError(error);
  } finally {
    context.streams.open -= 1;
  }
  // An AbortError ends tRPC's event stream without a word, and a client that was not told of an end comes back.
  if (context.stop.aborted) throw new DOMException('The gateway is being stopped.', 'AbortError');
  if (credentials.signal.aborted && !clientLeft?.aborted) throw toTrpcError(expired());
}
