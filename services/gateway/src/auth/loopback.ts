import { isIPv4, isIPv6 } from 'node:net';

/** Whether a host name or address is a loopback one. Names other than `localhost` may resolve to any address. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  if (isIPv4(bare)) return bare.startsWith('127.');
  if (isIPv6(bare))
    return URL.canParse(`http://[${bare}]`) && new URL(`http://[${bare}]`).hostname === '[::1]';
  return bare.toLowerCase() === 'localhost';
}

/** The headers that show the origin of a request. */
export type OriginHeaders = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Why a gateway without authentication refuses a request; `undefined`: it does not.
 *
 * Listening on loopback excludes other machines, but not the pages of other sites in a browser on this machine:
 *
 * - A page of `evil.example` whose name resolves to 127.0.0.1 (DNS rebinding) has the gateway's origin in the browser, and
 *   may read every answer. Its requests have `Host: evil.example`.
 * - Any page can send a form or open a WebSocket to 127.0.0.1. Browsers mark such requests with their origin: `Origin` for
 *   all but plain reads, `Sec-Fetch-Site` for all. A page of another program on this machine (a development server at
 *   `localhost:5173`) is allowed: that program could call the gateway itself.
 *
 * Programs send neither header and are allowed: they run on this machine.
 */
export function foreignRequestReason(headers: OriginHeaders): string | undefined {
  const { host, origin } = headers;
  if (typeof host !== 'string' || !isLoopbackHost(hostOf(host))) {
    return 'This gateway has no authentication and serves this machine only. Address it as localhost, 127.0.0.1 or [::1].';
  }
  const isForeignOrigin = typeof origin === 'string' && !isLoopbackOrigin(origin);
  // A link from another site to a page of the gateway opens that page, and the other site reads nothing.
  const isEmbedded =
    headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate' && !origin;
  if (isForeignOrigin || isEmbedded) {
    return 'This gateway has no authentication and refuses requests from pages of other sites. Configure API keys or JWTs to allow them.';
  }
  return undefined;
}

function hostOf(header: string): string {
  return URL.canParse(`http://${header}`) ? new URL(`http://${header}`).hostname : '';
}

/** `null`, which sandboxed frames and local files send, is not a loopback origin. */
export function isLoopbackOrigin(origin: string): boolean {
  return URL.canParse(origin) && isLoopbackHost(new URL(origin).hostname);
}
