import { GatewayError } from '@longhaul/proto/wire';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { Caller, Role } from './caller.ts';
import { expired } from './credentials.ts';
import { type JwtOptions, type JwtRules, readJwtOptions } from './jwtOptions.ts';

/** Finds the caller of a token. `undefined`: the token is not valid for this gateway. */
export type FindByToken = (token: string) => Promise<Caller | undefined>;

/**
 * Verifies JWTs with the issuer's key: signature, algorithm, issuer, audience, times (RFC 7519, RFC 8725).
 *
 * The returned function throws GatewayError CREDENTIALS_EXPIRED for a valid token that has expired, and
 * IDENTITY_UNAVAILABLE when the issuer's keys cannot be fetched.
 *
 * @throws AuthConfigError BAD_JWT_OPTIONS
 */
export function createFindByToken(options: JwtOptions): FindByToken {
  const rules = readJwtOptions(options);
  const { key, issuer, audience, algorithms, clockToleranceSeconds, ownerClaim } = rules;
  return async token => {
    try {
      const { payload } = await jwtVerify(token, key, {
        issuer,
        audience,
        algorithms: [...algorithms],
        clockTolerance: clockToleranceSeconds,
        // A token without an expiry could never become invalid.
        requiredClaims: ['exp', ownerClaim],
      });
      return callerOf(payload, rules);
    } catch (error) {
      // jose has checked the signature by then, so the caller had a valid token.
      if (error instanceof errors.JWTExpired) throw expired();
      if (isRefusal(error, typeof key === 'function')) return undefined;
      throw new GatewayError(
        'IDENTITY_UNAVAILABLE',
        'The keys to verify the token cannot be fetched. Try again in a moment.',
        { cause: error },
      );
    }
  };
}

/**
 * Whether the token itself is invalid; any other error occurred while the keys were fetched. With a local key nothing is
 * fetched, and a token of another algorithm can make the platform's cryptography throw any error.
 */
function isRefusal(error: unknown, isRemote: boolean): boolean {
  return !isRemote || refusals.some(kind => error instanceof kind);
}

const refusals = [
  errors.JWTClaimValidationFailed,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
];

/** Who a token's claims speak of, by the rules. `undefined`: they do not name an owner. */
export function callerOf(
  claims: JWTPayload,
  { ownerClaim, rolesClaim, roleNames, clockToleranceSeconds }: Omit<JwtRules, 'key'>,
): Caller | undefined {
  const owner = ownProperty(claims, ownerClaim);
  if (typeof owner !== 'string' || claims.exp === undefined) return undefined;
  const words = wordsOf(ownProperty(claims, rolesClaim) ?? within(claims, rolesClaim));
  const role: Role = words.includes(roleNames.admin)
    ? 'admin'
    : words.includes(roleNames.operator)
      ? 'operator'
      : 'user';
  return { owner, role, expiresAtMs: (claims.exp + clockToleranceSeconds) * 1_000 };
}

/** Reads a claim whose name is a path: `realm_access.roles`. */
function within(claims: JWTPayload, path: string): unknown {
  return path.split('.').reduce<unknown>(ownProperty, claims);
}

function ownProperty(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

/** Reads roles as issuers write them: a list, or words separated by spaces as in `scope` (RFC 8693, 4.2). */
function wordsOf(value: unknown): readonly unknown[] {
  if (typeof value === 'string') return value.split(' ');
  return Array.isArray(value) ? value : [];
}
