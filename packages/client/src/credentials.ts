import type { GatewayErrorShape } from '@longhaul/proto/wire';
import { TRPCClientError, type TRPCLink } from '@trpc/client';
import type { AnyTRPCRouter } from '@trpc/server';
import { observable, type Unsubscribable } from '@trpc/server/observable';

/**
 * An API key or a JWT, or a function that gives one. What a function gives is kept until the gateway refuses it: then it
 * is asked once more, and the call is made again. It is asked once for all calls that wait for it.
 */
export type Token = string | (() => string | Promise<string>);

/** The token as it is at the moment. */
export type TokenSource = {
  readonly get: () => Promise<string>;
  /** Which token `get` gives: counts up each time that one is dropped. */
  readonly generation: () => number;
  /** The gateway refuses the token of this generation. `true`: there is another one. */
  readonly refused: (generation: number) => boolean;
};

export function createTokenSource(token: Token): TokenSource {
  let generation = 0;
  let current: Promise<string> | undefined;
  return {
    get: () => {
      if (typeof token === 'string') return Promise.resolve(token);
      if (current) return current;
      const asked = Promise.resolve().then(token);
      current = asked;
      // What failed is not kept: the next call asks again.
      asked.catch(() => {
        if (current === asked) current = undefined;
      });
      return asked;
    },
    generation: () => generation,
    refused: refusedGeneration => {
      if (typeof token === 'string') return false;
      // Of many calls with the same token, the first that is refused drops it; the others find a new one.
      if (refusedGeneration === generation) {
        generation += 1;
        current = undefined;
      }
      return true;
    },
  };
}

/**
 * Makes a call again with a new token where the gateway refuses the old one, once; a stream each time that it does, since
 * every token ends at some time, as long as events came between. A stream resumes after the last event.
 */
export function freshCredentialsLink<R extends AnyTRPCRouter>(source: TokenSource): TRPCLink<R> {
  return () =>
    ({ op, next }) =>
      observable(observer => {
        let lastEventId: string | undefined;
        let mayAskAgain = true;
        let open: Unsubscribable | undefined;
        let isClosed = false;
        const send = () => {
          const generation = source.generation();
          const input =
            lastEventId === undefined ? op.input : { ...(op.input as object | undefined), lastEventId };
          open = next({ ...op, input }).subscribe({
            next: envelope => {
              const { result } = envelope;
              if ('id' in result && typeof result.id === 'string') {
                lastEventId = result.id;
                mayAskAgain = true;
              }
              observer.next(envelope);
            },
            error: error => {
              // Also where this call gives up, so that the next one does not begin with what was refused.
              const hasOther = isUnauthenticated(error) && source.refused(generation);
              if (!hasOther || !mayAskAgain || isClosed) {
                observer.error(error);
                return;
              }
              mayAskAgain = false;
              // Not within the call that failed: it has not given `open` its value yet where it fails at once.
              queueMicrotask(() => {
                if (!isClosed) send();
              });
            },
            complete: () => observer.complete(),
          });
        };
        send();
        return () => {
          isClosed = true;
          open?.unsubscribe();
        };
      });
}

/** Whether the gateway, or a proxy before it, wants other credentials. */
export function isUnauthenticated(error: unknown): boolean {
  if (!(error instanceof TRPCClientError)) return false;
  const shape = error.shape as Partial<GatewayErrorShape> | undefined;
  if (shape !== undefined) return shape.data?.code === 'UNAUTHORIZED';
  const response: unknown = error.meta?.response;
  return typeof response === 'object' && response !== null && 'status' in response && response.status === 401;
}
