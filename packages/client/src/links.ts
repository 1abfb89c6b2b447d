import type { GatewayRoot } from '@longhaul/proto/wire';
import { httpBatchStreamLink, httpLink, httpSubscriptionLink, splitLink, type TRPCLink } from '@trpc/client';
import type { AnyTRPCRouter, TRPCBuiltRouter } from '@trpc/server';
import { EventSource } from 'eventsource';
import { aloneOrBatched } from './aloneOrBatched.ts';
import { checkToken, gatewayAddress, notReached } from './clientErrors.ts';
import { createTokenSource, freshCredentialsLink, type Token } from './credentials.ts';
import { isTraced, traceLink, traceOf } from './tracing.ts';
import { inWholeLines } from './wholeLines.ts';

/** How the gateway is reached. */
export type LinkOptions = {
  /** The gateway's address, `http://127.0.0.1:8080`, without `/trpc`. */
  readonly url: string;
  /**
   * An API key or a JWT, sent as `Authorization: Bearer` with every call and stream; or a function that gives one, which
   * is asked again when the gateway refuses what it gave: a call is then made once more, a stream resumes where it was.
   * Default: none, for a gateway on this machine that wants none.
   */
  readonly token?: Token;
  /** Sent with every call and every (re)connect of a stream, beside the token. */
  readonly headers?: () => Record<string, string> | Promise<Record<string, string>>;
  /** Default: the global `fetch`. */
  readonly fetch?: typeof fetch;
};

/** As many calls as the gateway takes in one batch, and as long a URL as proxies commonly take. */
const batchLimit = 100;
const urlLimit = 8_000;
/** The largest event: a snapshot with the largest input and output that a gateway can be set to take. */
const eventLimitChars = 2 * 128 * 1024 * 1024 + 1024 * 1024;

/** Any gateway's router, as far as links care: no transformer. */
type PlainRouter = TRPCBuiltRouter<GatewayRoot, Record<never, never>>;

/**
 * The tRPC links for a gateway: a call alone as a request of its own, calls that are made together in streamed batches
 * (a slow one holds up no other), live events by SSE. Works in Node and browsers; the event source goes through `fetch`, so no credential is ever part of a URL.
 */
export function gatewayLinks<R extends AnyTRPCRouter>(options: LinkOptions): TRPCLink<R>[] {
  const address = gatewayAddress(options.url);
  const url = `${address}/trpc`;
  // What a function gives is checked whenever it is asked.
  if (typeof options.token === 'string') checkToken(options.token);
  const source = options.token === undefined ? undefined : createTokenSource(options.token);
  const headers = async () => ({
    ...(source ? { authorization: `Bearer ${checkToken(await source.get())}` } : {}),
    ...(await options.headers?.()),
  });
  // tRPC's and the platform's type of an init differ only in whether `undefined` may be written out.
  const doFetch = (input: Parameters<typeof fetch>[0], given?: object) => {
    const init = given as RequestInit | undefined;
    return (options.fetch ?? fetch)(input, init).catch((error: unknown) => {
      throw notReached(address, error, init?.signal);
    });
  };
  const alone = httpLink<PlainRouter>({
    url,
    // What the caller sets by hand wins over the active trace.
    headers: async ({ op }) => ({ ...traceOf(op), ...(await headers()) }),
    fetch: doFetch,
  });
  const batched = httpBatchStreamLink<PlainRouter>({
    url,
    headers,
    fetch: async (input, init) => inWholeLines(await doFetch(input, init)),
    maxItems: batchLimit,
    maxURLLength: urlLimit,
  });
  const links: TRPCLink<PlainRouter>[] = [
    traceLink(),
    ...(source ? [freshCredentialsLink<PlainRouter>(source)] : []),
    splitLink<PlainRouter>({
      condition: op => op.type === 'subscription',
      true: httpSubscriptionLink({
        url,
        EventSource,
        eventSourceOptions: ({ op }) => ({
          maxBufferSize: eventLimitChars,
          fetch: async (input, init) =>
            doFetch(input, { ...init, headers: { ...init.headers, ...traceOf(op), ...(await headers()) } }),
        }),
      }),
      // A request has one parent: calls of different traces cannot share one.
      false: splitLink<PlainRouter>({
        condition: isTraced,
        true: alone,
        false: aloneOrBatched({ alone, batched }),
      }),
    }),
  ];
  // tRPC ties a link to its router only by the transformer, and a gateway's router has none.
  return links as unknown as TRPCLink<R>[];
}
