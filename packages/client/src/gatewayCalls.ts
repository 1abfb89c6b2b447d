import { createTRPCUntypedClient } from '@trpc/client';
import type { AnyTRPCRouter } from '@trpc/server';
import type { Subscribe, Tracked } from './eventIterator.ts';
import { gatewayLinks, type LinkOptions } from './links.ts';

/** Calls to the gateway by path. The types of what comes back are the contract's word, which the gateway keeps. */
export type GatewayCalls = {
  query<R>(path: string, input?: unknown, signal?: AbortSignal): Promise<R>;
  mutation<R>(path: string, input: unknown, signal?: AbortSignal): Promise<R>;
  subscribe<E>(path: string, input: object): Subscribe<E>;
};

export function createGatewayCalls(options: LinkOptions): GatewayCalls {
  const client = createTRPCUntypedClient<AnyTRPCRouter>({ links: gatewayLinks(options) });
  const callOptions = (signal: AbortSignal | undefined) => (signal ? { signal } : {});
  return {
    query: async <R>(path: string, input?: unknown, signal?: AbortSignal) =>
      (await client.query(path, input, callOptions(signal))) as R,
    mutation: async <R>(path: string, input: unknown, signal?: AbortSignal) =>
      (await client.mutation(path, input, callOptions(signal))) as R,
    subscribe:
      <E>(path: string, input: object): Subscribe<E> =>
      (lastEventId, observer) => {
        const subscription = client.subscription(
          path,
          { ...input, ...(lastEventId === undefined ? {} : { lastEventId }) },
          {
            onData: item => observer.onData(item as Tracked<E>),
            onError: observer.onError,
            onComplete: observer.onComplete,
            onConnectionStateChange: ({ state, error }) => {
              if (state === 'connecting' && error) observer.onLost(error);
            },
          },
        );
        return () => subscription.unsubscribe();
      },
  };
}
