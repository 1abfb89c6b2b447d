import { createPublicKey, type KeyObject } from 'node:crypto';
import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import { AuthConfigError } from './authConfigError.ts';
import type { Role } from './caller.ts';
import { isLoopbackHost } from './loopback.ts';

/**
 * How JWTs are verified. Exactly one of `jwksUrl`, `publicKey` and `secret` is required.
 *
 * @example
 * ```ts
 * const jwt: JwtOptions = {
 *   jwksUrl: 'https://id.example.org/.well-known/jwks.json',
 *   issuer: 'https://id.example.org',
 *   audience: 'longhaul',
 *   rolesClaim: 'realm_access.roles',
 * };
 * ```
 */
export type JwtOptions = {
  /** The URL of the issuer's keys (JWKS): HTTPS, or HTTP on this machine. */
  readonly jwksUrl?: string;
  /** One public key of the issuer, as PEM (`BEGIN PUBLIC KEY` or a certificate). */
  readonly publicKey?: string;
  /** A secret shared with the issuer, of at least 32 bytes. With it tokens can be created. */
  readonly secret?: string;
  /** The required value of `iss`. */
  readonly issuer: string;
  /** The value that `aud` must be or contain. Without it, tokens for other services of the issuer would be accepted. */
  readonly audience: string;
  /** The accepted algorithms. Default: the public-key algorithms that RFC 8725 permits; with a secret, HMAC. */
  readonly algorithms?: readonly string[];
  /** How much the issuer's clock may differ, in seconds, from 0 to 300. Default: 5. */
  readonly clockToleranceSeconds?: number;
  /** The claim that contains the owner. Default: `sub`. */
  readonly ownerClaim?: string;
  /** The claim that contains roles: a list, or words separated by spaces. Dots lead into nested claims (`realm_access.roles`). Default: `roles`. */
  readonly rolesClaim?: string;
  /** The values in that claim that make a caller an operator or administrator. Default: `longhaul-operator` and `longhaul-admin`. */
  readonly roleNames?: { readonly operator: string; readonly admin: string };
  /** Milliseconds for which keys of `jwksUrl` are cached. Default: 600,000. */
  readonly jwksMaxAgeMs?: number;
  /** The shortest time between two requests to `jwksUrl` for tokens with unknown keys, in milliseconds. Default: 30,000. */
  readonly jwksCooldownMs?: number;
};

const publicAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const secretAlgorithms = ['HS256', 'HS384', 'HS512'];
/** A shorter secret could be found by brute force (RFC 7518, 3.2). */
const minSecretBytes = 32;

/** Checked options with their defaults filled in. */
export type JwtRules = {
  readonly key: JWTVerifyGetKey | KeyObject | Uint8Array;
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  readonly clockToleranceSeconds: number;
  readonly ownerClaim: string;
  readonly rolesClaim: string;
  readonly roleNames: Readonly<Record<Exclude<Role, 'user'>, string>>;
};

/** @throws AuthConfigError BAD_JWT_OPTIONS */
export function readJwtOptions(options: JwtOptions): JwtRules {
  const { issuer, audience, algorithms, clockToleranceSeconds = 5 } = options;
  if (issuer === '' || audience === '') throw bad('issuer and audience must be set and not be empty');
  const supported = options.secret === undefined ? publicAlgorithms : secretAlgorithms;
  const unsupported = algorithms?.find(algorithm => !supported.includes(algorithm));
  // Allowing both kinds would let an attacker use a public key as a secret (RFC 8725, 2.1).
  if (unsupported !== undefined)
    throw bad(
      `${unsupported} is not an algorithm for this kind of key; supported are: ${supported.join(', ')}`,
    );
  if (!(clockToleranceSeconds >= 0 && clockToleranceSeconds <= 300))
    throw bad('clockToleranceSeconds must be a number from 0 to 300');
  return {
    key: keyOf(options),
    issuer,
    audience,
    algorithms: algorithms ?? supported,
    clockToleranceSeconds,
    ownerClaim: options.ownerClaim ?? 'sub',
    rolesClaim: options.rolesClaim ?? 'roles',
    roleNames: options.roleNames ?? { operator: 'longhaul-operator', admin: 'longhaul-admin' },
  };
}

function keyOf({ jwksUrl, publicKey, secret, ...times }: JwtOptions): JwtRules['key'] {
  if ([jwksUrl, publicKey, secret].filter(given => given !== undefined).length !== 1)
    throw bad('exactly one of jwksUrl, publicKey and secret must be set');
  if (jwksUrl !== undefined) {
    const url = URL.canParse(jwksUrl) ? new URL(jwksUrl) : undefined;
    const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname));
    if (!url || !isSafe)
      throw bad('jwksUrl must be an https URL, since a changed answer would allow forged tokens');
    return createRemoteJWKSet(url, {
      cacheMaxAge: times.jwksMaxAgeMs ?? 600_000,
      cooldownDuration: times.jwksCooldownMs ?? 30_000,
    });
  }
  if (publicKey !== undefined) {
    try {
      return createPublicKey(publicKey);
    } catch {
      throw bad('publicKey must be a public key in PEM');
    }
  }
  const bytes = new TextEncoder().encode(secret);
  if (bytes.length < minSecretBytes)
    throw bad(`secret has fewer than ${minSecretBytes} bytes. Create one with \`openssl rand -base64 48\``);
  return bytes;
}

function bad(why: string): AuthConfigError {
  return new AuthConfigError('BAD_JWT_OPTIONS', `The options of JWTs are invalid: ${why}.`);
}
