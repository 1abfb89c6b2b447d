import { GatewayError } from '@longhaul/proto/wire';
import type { Caller } from './caller.ts';

/** What the credentials of a request may be read from. */
export type Credentials = {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** What a tRPC client sent as `connectionParams`: with the first message of a WebSocket, or in the URL of a stream. */
  readonly connectionParams?: Readonly<Record<string, string | undefined>> | null;
};

/** The longest credential that is looked at: longer ones are only sent to keep a gateway busy. */
const longestChars = 16 * 1024;

/**
 * The key or token of a request: `Authorization: Bearer …`, else `X-Api-Key: …`, else the connection parameter `token`.
 * `undefined`: there is none.
 */
export function credentialOf({ headers, connectionParams }: Credentials): string | undefined {
  const { authorization } = headers;
  const apiKey = headers['x-api-key'];
  const credential =
    (typeof authorization === 'string' ? bearerOf(authorization) : undefined) ??
    (typeof apiKey === 'string' && apiKey !== '' ? apiKey : undefined) ??
    connectionParams?.token;
  return credential !== undefined && credential.length <= longestChars ? credential : undefined;
}

/** RFC 6750, 2.1; the scheme is matched in any case (RFC 9110, 11.1). */
function bearerOf(header: string): string | undefined {
  return /^bearer +([\x21-\x7e]+) *$/i.exec(header)?.[1];
}

/** The longest that a timer of Node's can wait; a longer one would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/** A signal that is aborted when the caller's credentials end; `dispose` when nobody listens any more. */
export type CredentialsEnd = { readonly signal: AbortSignal; readonly [Symbol.dispose]: () => void };

/** Watches over the credentials that something long was begun with. */
export function untilCredentialsEnd({ expiresAtMs, revoked }: Caller): CredentialsEnd {
  const ended = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const wait = (untilMs: number) => {
    const leftMs = untilMs - Date.now();
    if (leftMs <= 0) ended.abort();
    else timer = setTimeout(() => wait(untilMs), Math.min(leftMs, longestTimerMs)).unref();
  };
  if (expiresAtMs !== undefined) wait(expiresAtMs);
  return {
    // Not by a listener: thousands of streams can have one key, whose signal lives as long as the gateway.
    signal: revoked ? AbortSignal.any([ended.signal, revoked]) : ended.signal,
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

/** Whether credentials are no longer good: a WebSocket is asked who calls once, and lives for long. */
export function haveEnded({ expiresAtMs, revoked }: Caller, nowMs: number): boolean {
  return revoked?.aborted === true || (expiresAtMs !== undefined && expiresAtMs <= nowMs);
}

/** What is said when credentials end, at a call or in the midst of a stream. */
export function expired(): GatewayError {
  return new GatewayError(
    'CREDENTIALS_EXPIRED',
    'Your credentials have ended. Send new ones; a stream goes on after the last event that you have.',
  );
}
