/** Options of a client that cannot work; the message says what to give instead. */
export class ClientOptionsError extends Error {
  override readonly name = 'ClientOptionsError';
  /** Stable: programs go by it. */
  readonly code: ClientOptionsErrorCode;

  constructor(code: ClientOptionsErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What is wrong with the options. */
export type ClientOptionsErrorCode =
  /** `url` is no address of HTTP, or has a path that the client adds by itself. */
  | 'INVALID_URL'
  /** The token has characters that no header can have. */
  | 'INVALID_TOKEN';

/** Nothing answers at the gateway's address. It is the `cause` of the `TRPCClientError` that a call is rejected with. */
export class GatewayNotReachedError extends Error {
  override readonly name = 'GatewayNotReachedError';
  readonly code = 'GATEWAY_NOT_REACHED';
}

/**
 * The address that paths are added to.
 *
 * @param url as the options give it; in a browser it may be relative to the page
 * @throws ClientOptionsError INVALID_URL
 */
export function gatewayAddress(url: string): string {
  const page = (globalThis as { readonly location?: { readonly href?: string } }).location?.href;
  const parsed = URL.parse(url, page);
  // `localhost:8080` is a URL whose scheme is `localhost`.
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw new ClientOptionsError(
      'INVALID_URL',
      `The gateway's url is ${JSON.stringify(url)}, which is no address of HTTP. Give it with its scheme, such as "http://127.0.0.1:8080".`,
    );
  const path = parsed.pathname.replace(/\/+$/, '');
  if (parsed.search !== '' || parsed.hash !== '' || /\/(trpc|v1)$/.test(path))
    throw new ClientOptionsError(
      'INVALID_URL',
      `The gateway's url is ${JSON.stringify(url)}. Leave out what follows its host, and the path of a proxy before it: the client adds /trpc by itself.`,
    );
  return url.replace(/\/+$/, '');
}

/**
 * A token as a header can carry it.
 * @throws ClientOptionsError INVALID_TOKEN; the message does not contain the token
 */
export function checkToken(token: string): string {
  const wrongAt = token.search(/[^\x21-\x7e]/);
  if (token !== '' && wrongAt < 0) return token;
  const what =
    token === ''
      ? 'is empty'
      : `has a character at position ${wrongAt + 1} that a header cannot carry (a space, a line break, or one outside of ASCII)`;
  throw new ClientOptionsError(
    'INVALID_TOKEN',
    `The token of the client ${what}. Check how it was read or copied; keys of a gateway begin with "lh_".`,
  );
}

/**
 * What a `fetch` that got no answer is told as. One that was aborted, or that could not be sent since a header is
 * malformed, is left as it is.
 */
export function notReached(url: string, error: unknown, signal: AbortSignal | null | undefined): unknown {
  // By the standard each failure of the network is a TypeError; a malformed header is one as well.
  if (!(error instanceof TypeError) || signal?.aborted || /ByteString|header/i.test(error.message))
    return error;
  let root: Error = error;
  while (root.cause instanceof Error) root = root.cause;
  // Several addresses were tried (`localhost`): what the first one said is enough.
  if (root instanceof AggregateError && root.errors[0] instanceof Error) root = root.errors[0];
  return new GatewayNotReachedError(
    `No gateway answers at ${url}: ${root.message || 'there is no connection'}. Start it, or give the client the url of one that runs.`,
    { cause: error },
  );
}
