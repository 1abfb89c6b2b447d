import { type TrackedEnvelope, tracked } from '@trpc/server';
import type { Context } from './trpc.ts';
import { toTrpcError } from './trpc.ts';

/**
 * Turns a stream of the service into what a tRPC subscription yields: every item with the id to resume after.
 *
 * When the gateway stops, the stream ends in a way that makes clients open it again elsewhere.
 *
 * @param open gets a signal that is aborted when the client leaves or the gateway stops
 */
export async function* trackedStream<I extends { readonly id: string }, D>(
  context: Context,
  clientLeft: AbortSignal | undefined,
  open: (signal: AbortSignal) => AsyncIterable<I>,
  dataOf: (item: I) => D,
): AsyncGenerator<TrackedEnvelope<D>, void, void> {
  const signal = clientLeft ? AbortSignal.any([clientLeft, context.stop]) : context.stop;
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
}
