import { GatewayError } from '@longhaul/proto/wire';
import type { Caller } from './caller.ts';

/** Where the credentials of a request can be. */
export type Credentials = {
  /** The headers of the request, with names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The `connectionParams` of a tRPC client, sent with the first message of a WebSocket or in the URL of a stream. */
  readonly connectionParams?: Readonly<Record<string, string | undefined>> | null;
};

/** The longest credential that is checked, so that large ones cannot keep a gateway busy. */
const maxCredentialChars = 16 * 1024;

/**
 * The key or token of a request: `Authorization: Bearer …`, else `X-Api-Key: …`, else the connection parameter `token`.
 * `undefined`: the request has none.
 */
export function credentialOf({ headers, connectionParams }: Credentials): string | undefined {
  const { authorization } = headers;
  const apiKey = headers['x-api-key'];
  const credential =
    (typeof authorization === 'string' ? bearerOf(authorization) : undefined) ??
    (typeof apiKey === 'string' && apiKey !== '' ? apiKey : undefined) ??
    connectionParams?.token;
  return credential !== undefined && credential.length <= maxCredentialChars ? credential : undefined;
}

/** RFC 6750, 2.1; the scheme is matched in any case (RFC 9110, 11.1). */
function bearerOf(header: string): string | undefined {
  return /^bearer +([\x21-\x7e]+) *$/i.exec(header)?.[1];
}

/** The longest delay of a Node timer; a longer one would fire at once. */
const maxTimerMs = 2 ** 31 - 1;

/** A signal that is aborted when credentials expire or are revoked. To be disposed of when it is no longer needed. */
export type CredentialsEnd = { readonly signal: AbortSignal; readonly [Symbol.dispose]: () => void };

/** Watches the credentials of a caller for as long as a stream or WebSocket is open. */
export function untilCredentialsEnd({ expiresAtMs, revoked }: Caller): CredentialsEnd {
  const ended = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const wait = (untilMs: number) => {
    const leftMs = untilMs - Date.now();
    if (leftMs <= 0) ended.abort();
    else timer = setTimeout(() => wait(untilMs), Math.min(leftMs, maxTimerMs)).unref();
  };
  if (expiresAtMs !== undefined) wait(expiresAtMs);
  return {
    // Without a listener on `revoked`: thousands of streams can share one key, whose signal lives as long as the gateway.
    signal: revoked ? AbortSignal.any([ended.signal, revoked]) : ended.signal,
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

/** Whether credentials have expired or were revoked. A WebSocket is authenticated only once, so each of its calls checks this. */
export function haveEnded({ expiresAtMs, revoked }: Caller, nowMs: number): boolean {
  return revoked?.aborted === true || (expiresAtMs !== undefined && expiresAtMs <= nowMs);
}

/** The error when credentials have expired or were revoked, for a call or during a stream. */
export function expired(): GatewayError {
  return new GatewayError(
    'CREDENTIALS_EXPIRED',
    'Your credentials have expired or were revoked. Send new ones. A stream resumes after the last event that you have received.',
  );
}
