import { GatewayError } from '@longhaul/proto/wire';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { Caller, Role } from './caller.ts';
import { expired } from './credentials.ts';
import { type JwtOptions, type JwtRules, readJwtOptions } from './jwtOptions.ts';

/** Says whose token it is. `undefined`: it is not good here. */
export type FindByToken = (token: string) => Promise<Caller | undefined>;

/**
 * Judges JWTs by the issuer's key: signature, algorithm, issuer, audience, times (RFC 7519, RFC 8725).
 *
 * The answer throws GatewayError CREDENTIALS_EXPIRED for a token that was good once, and IDENTITY_UNAVAILABLE when the
 * issuer's keys cannot be had.
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
        // A token without an end could never be taken back.
        requiredClaims: ['exp', ownerClaim],
      });
      return callerOf(payload, rules);
    } catch (error) {
      // The signature has been checked by then: who asks has had a good token.
      if (error instanceof errors.JWTExpired) throw expired();
      if (isRefusal(error, typeof key === 'function')) return undefined;
      throw new GatewayError(
        'IDENTITY_UNAVAILABLE',
        'The keys to check the token with cannot be had. Try again in a moment.',
        { cause: error },
      );
    }
  };
}

/**
 * Whether something is wrong with the token itself; anything else is wrong on the way to the keys. With a key of our own
 * there is no way, and a token of another algorithm makes the platform's cryptography throw whatever it likes.
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

/** A claim whose name is a path: `realm_access.roles`. */
function within(claims: JWTPayload, path: string): unknown {
  return path.split('.').reduce<unknown>(ownProperty, claims);
}

function ownProperty(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

/** Roles as issuers write them: a list, or words with spaces between them as in `scope` (RFC 8693, 4.2). */
function wordsOf(value: unknown): readonly unknown[] {
  if (typeof value === 'string') return value.split(' ');
  return Array.isArray(value) ? value : [];
}
