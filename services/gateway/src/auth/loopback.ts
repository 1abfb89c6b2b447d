import { isIPv4, isIPv6 } from 'node:net';

/** Whether a host name or address is this machine alone. Names other than `localhost` may lead anywhere. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  if (isIPv4(bare)) return bare.startsWith('127.');
  if (isIPv6(bare))
    return URL.canParse(`http://[${bare}]`) && new URL(`http://[${bare}]`).hostname === '[::1]';
  return bare.toLowerCase() === 'localhost';
}

/** The headers that say where a request comes from. */
export type OriginHeaders = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Why a gateway that asks nobody who they are refuses a request; `undefined`: it does not.
 *
 * Listening on loopback keeps other machines out, but not the pages of other sites in a browser on this machine:
 *
 * - A page of `evil.example` whose name is made to point to 127.0.0.1 (DNS rebinding) is of one origin with the gateway
 *   for the browser, and may read what it likes. Its requests say `Host: evil.example`.
 * - Any page can send a form or open a WebSocket to 127.0.0.1 without being allowed to. Browsers say of such requests
 *   where they come from: `Origin` for everything but plain reads, `Sec-Fetch-Site` for all. A page of another program
 *   on this machine (a development server at `localhost:5173`) is let in: that program could ask by itself.
 *
 * Programs send neither header and are let in: they run on this machine.
 */
export function foreignRequestReason(headers: OriginHeaders): string | undefined {
  const { host, origin } = headers;
  if (typeof host !== 'string' || !isLoopbackHost(hostOf(host))) {
    return 'This gateway has no authentication and serves this machine only: ask it as localhost, 127.0.0.1 or [::1].';
  }
  const isElsewhere = typeof origin === 'string' && !isLoopbackOrigin(origin);
  // A link from another site to a page of ours leads a person here, and reads nothing.
  const isEmbedded =
    headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate' && !origin;
  if (isElsewhere || isEmbedded) {
    return 'This gateway has no authentication and serves no pages of other sites. Configure API keys or JWTs for that.';
  }
  return undefined;
}

function hostOf(header: string): string {
  return URL.canParse(`http://${header}`) ? new URL(`http://${header}`).hostname : '';
}

/** `null`, as sandboxed frames and files say, is no origin of this machine's programs. */
function isLoopbackOrigin(origin: string): boolean {
  return URL.canParse(origin) && isLoopbackHost(new URL(origin).hostname);
}
