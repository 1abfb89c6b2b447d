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
 * Says who calls; `undefined`: credentials are missing or wrong. May throw a GatewayError (`CREDENTIALS_EXPIRED`,
 * `IDENTITY_UNAVAILABLE`).
 */
export type Authenticate = (credentials: Credentials) => Caller | undefined | Promise<Caller | undefined>;

/** Who may come in. Without any of these localAdministrator may, and the gateway serves loopback only. */
export type AuthOptions = {
  /** A function of your own, instead of `apiKeysFile` and `jwt`. */
  readonly authenticate?: Authenticate;
  /** A file of API keys, made with `pnpm keys`; changes to it count within a second. */
  readonly apiKeysFile?: string;
  /** Tokens of an identity provider. */
  readonly jwt?: JwtOptions;
};

export type Authentication = {
  readonly authenticate: Authenticate;
  /** Nobody is asked who they are, so that requests from web pages of elsewhere have to be refused. */
  readonly isOpen: boolean;
  readonly stop: () => void;
};

/** Who calls a gateway that asks nobody. */
const localAdministrator: Caller = { owner: 'local', role: 'admin' };

/**
 * Sets up authentication.
 *
 * @param host where the gateway will listen
 * @throws AuthConfigError when options do not go together, keys cannot be read, or others could reach a gateway without
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
        'Give either an `authenticate` function, or `apiKeysFile` and `jwt`. A function of yours can ask others itself.',
      );
    }
    return { authenticate, isOpen: false, stop: () => {} };
  }
  if (apiKeysFile === undefined && !jwt) {
    if (!isLoopbackHost(host)) {
      throw new AuthConfigError(
        'AUTHENTICATION_REQUIRED',
        `A gateway on ${host} can be reached by others, so it needs authentication. Set API_KEYS_FILE (make keys with \`pnpm keys create\`) or JWT_JWKS_URL, JWT_ISSUER and JWT_AUDIENCE (in code: apiKeysFile, jwt or authenticate), or listen on 127.0.0.1.`,
      );
    }
    logger.warn(
      { host },
      'no authentication is configured: localAdministrator on this machine is an administrator, and nobody else is served',
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

/** The longest owner that records and requests take. */
const longestOwnerChars = 256;

/**
 * Says who calls, or that nobody does.
 * @throws GatewayError UNAUTHENTICATED, CREDENTIALS_EXPIRED, IDENTITY_UNAVAILABLE
 */
export async function identify(authenticate: Authenticate, credentials: Credentials): Promise<Caller> {
  const caller = await authenticate(credentials);
  // A lone surrogate has no UTF-8, so two such owners could share a subject token.
  const isOwner = caller?.owner.isWellFormed() && caller.owner !== '';
  if (caller && isOwner && caller.owner.length <= longestOwnerChars) return caller;
  throw new GatewayError('UNAUTHENTICATED', 'Send credentials that the gateway knows.');
}
