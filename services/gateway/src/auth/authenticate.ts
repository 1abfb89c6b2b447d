import { GatewayError } from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import { looksLikeApiKey } from './apiKey.ts';
import { ApiKeys } from './apiKeys.ts';
import { AuthConfigError } from './authConfigError.ts';
import type { Caller } from './caller.ts';
import { type Credentials, credentialOf } from './credentials.ts';
import { createFindByToken } from './jwt.ts';
import type { JwtOptions } from './jwtOptions.ts';
import { isLoopbackHost } from './loopback.ts';

/**
 * Authenticates a caller by its credentials. Returns `undefined` when they are missing or invalid; the call is then answered
 * `UNAUTHENTICATED`. May throw a GatewayError (`CREDENTIALS_EXPIRED`, `IDENTITY_UNAVAILABLE`); any other error is logged
 * and answered `INTERNAL`.
 */
export type Authenticate = (credentials: Credentials) => Caller | undefined | Promise<Caller | undefined>;

/**
 * How callers are authenticated: by API keys, JWTs, both, or a function of your own. Without any of these every caller is
 * an administrator, and the gateway listens on loopback addresses only.
 *
 * @example
 * ```ts
 * // API keys of a file, and tokens of an identity provider
 * const options: AuthOptions = {
 *   apiKeysFile: '/etc/longhaul/keys.json',
 *   jwt: { jwksUrl: 'https://id.example.org/jwks', issuer: 'https://id.example.org', audience: 'longhaul' },
 * };
 *
 * // A function of your own, here for a proxy that authenticates users itself
 * const behindProxy: AuthOptions = {
 *   authenticate: ({ headers }) => {
 *     const user = headers['x-authenticated-user'];
 *     return typeof user === 'string' ? { owner: user, role: 'user' } : undefined;
 *   },
 * };
 * ```
 */
export type AuthOptions = {
  /** A function that authenticates callers, instead of `apiKeysFile` and `jwt`. */
  readonly authenticate?: Authenticate;
  /** The path of a file of API keys, created with `longhaul-keys`. Changes to it take effect within a second. */
  readonly apiKeysFile?: string;
  /** Accepts JSON Web Tokens of an identity provider. */
  readonly jwt?: JwtOptions;
};

export type Authentication = {
  readonly authenticate: Authenticate;
  /** Whether there is no authentication, so that requests from web pages of other sites have to be refused. */
  readonly isOpen: boolean;
  readonly stop: () => void;
};

/** The caller of every call at a gateway without authentication. */
const localAdministrator: Caller = { owner: 'local', role: 'admin' };

/**
 * Sets up authentication.
 *
 * @param host the address that the gateway will listen on
 * @throws AuthConfigError when options are invalid or contradictory, keys cannot be read, or a gateway without
 *   authentication would be reachable from other machines
 */
export async function openAuthentication(
  options: AuthOptions,
  host: string,
  logger: Logger,
): Promise<Authentication> {
  const { authenticate, apiKeysFile, jwt } = options;
  if (authenticate) {
    if (apiKeysFile !== undefined || jwt) {
      throw new AuthConfigError(
        'AMBIGUOUS_AUTHENTICATION',
        'Set either `authenticate`, or `apiKeysFile` and `jwt`. A function of your own has to check API keys and tokens itself.',
      );
    }
    return { authenticate, isOpen: false, stop: () => {} };
  }
  if (apiKeysFile === undefined && !jwt) {
    if (!isLoopbackHost(host)) {
      throw new AuthConfigError(
        'AUTHENTICATION_REQUIRED',
        `A gateway on ${host} can be reached from other machines, so it needs authentication. Set API_KEYS_FILE (create keys with \`longhaul-keys create\`) or JWT_JWKS_URL, JWT_ISSUER and JWT_AUDIENCE (in code: apiKeysFile, jwt or authenticate), or listen on 127.0.0.1.`,
      );
    }
    logger.warn(
      { host },
      'no authentication is configured: every caller on this machine is an administrator, and no other machine is served',
    );
    return { authenticate: () => localAdministrator, isOpen: true, stop: () => {} };
  }
  const findByToken = jwt && createFindByToken(jwt);
  const keys = apiKeysFile === undefined ? undefined : new ApiKeys(apiKeysFile, logger);
  await keys?.start();
  return {
    authenticate: credentials => {
      const credential = credentialOf(credentials);
      if (credential === undefined) return undefined;
      if (looksLikeApiKey(credential)) return keys?.find(credential, Date.now());
      return findByToken?.(credential);
    },
    isOpen: false,
    stop: () => keys?.stop(),
  };
}

/** The longest owner that records and requests can have. */
const maxOwnerChars = 256;

/**
 * Authenticates a caller, or throws.
 * @throws GatewayError UNAUTHENTICATED, CREDENTIALS_EXPIRED, IDENTITY_UNAVAILABLE
 */
export async function identify(authenticate: Authenticate, credentials: Credentials): Promise<Caller> {
  const caller = await authenticate(credentials);
  // A lone surrogate has no UTF-8, so two such owners could share a subject token.
  const isOwner = caller?.owner.isWellFormed() && caller.owner !== '';
  if (caller && isOwner && caller.owner.length <= maxOwnerChars) return caller;
  throw new GatewayError(
    'UNAUTHENTICATED',
    'The credentials are missing or invalid. Send a valid API key or token.',
  );
}
