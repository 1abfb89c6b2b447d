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
