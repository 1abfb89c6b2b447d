import { createPublicKey, type KeyObject } from 'node:crypto';
import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import { AuthConfigError } from './authConfigError.ts';
import type { Role } from './caller.ts';
import { isLoopbackHost } from './loopback.ts';

/** How JWTs are judged. Exactly one of `jwksUrl`, `publicKey` and `secret` says with which key. */
export type JwtOptions = {
  /** Where the issuer publishes its keys. Over HTTPS, or from this machine. */
  readonly jwksUrl?: string;
  /** One public key of the issuer, as PEM (`BEGIN PUBLIC KEY` or a certificate). */
  readonly publicKey?: string;
  /** A secret shared with the issuer, of 32 bytes at least. Whoever has it can make tokens. */
  readonly secret?: string;
  /** What `iss` must be. */
  readonly issuer: string;
  /** What `aud` must be or contain: without it a token for any other service of the issuer would be good here. */
  readonly audience: string;
  /** The algorithms that are taken. Default: those with a public key that RFC 8725 leaves in use; with a secret, HMAC. */
  readonly algorithms?: readonly string[];
  /** How far the issuer's clock may be off, in seconds. Default: 5. */
  readonly clockToleranceSeconds?: number;
  /** The claim that is the owner. Default: `sub`. */
  readonly ownerClaim?: string;
  /** The claim with roles, a list or words; within another by dots (`realm_access.roles`). Default: `roles`. */
  readonly rolesClaim?: string;
  /** What in that claim makes a caller more than a user. Default: `longhaul-operator` and `longhaul-admin`. */
  readonly roleNames?: { readonly operator: string; readonly admin: string };
  /** Milliseconds that keys of `jwksUrl` are kept. Default: 600,000. */
  readonly jwksMaxAgeMs?: number;
  /** Milliseconds before a token with an unknown key makes the gateway ask `jwksUrl` again. Default: 30,000. */
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
/** A shorter secret can be found by trying (RFC 7518, 3.2). */
const shortestSecretBytes = 32;

/** Options that go together, with what is not said filled in. */
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
  if (issuer === '' || audience === '') throw bad('issuer and audience must be said, and not be empty');
  const usual = options.secret === undefined ? publicAlgorithms : secretAlgorithms;
  const strange = algorithms?.find(algorithm => !usual.includes(algorithm));
  // Mixing both kinds is how a public key gets taken for a secret (RFC 8725, 2.1).
  if (strange !== undefined)
    throw bad(`${strange} is no algorithm for this kind of key; these are: ${usual.join(', ')}`);
  if (!(clockToleranceSeconds >= 0 && clockToleranceSeconds <= 300))
    throw bad('clockToleranceSeconds is a number from 0 to 300');
  return {
    key: keyOf(options),
    issuer,
    audience,
    algorithms: algorithms ?? usual,
    clockToleranceSeconds,
    ownerClaim: options.ownerClaim ?? 'sub',
    rolesClaim: options.rolesClaim ?? 'roles',
    roleNames: options.roleNames ?? { operator: 'longhaul-operator', admin: 'longhaul-admin' },
  };
}

function keyOf({ jwksUrl, publicKey, secret, ...times }: JwtOptions): JwtRules['key'] {
  if ([jwksUrl, publicKey, secret].filter(given => given !== undefined).length !== 1)
    throw bad('exactly one of jwksUrl, publicKey and secret must be given');
  if (jwksUrl !== undefined) {
    const url = URL.canParse(jwksUrl) ? new URL(jwksUrl) : undefined;
    const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname));
    if (!url || !isSafe)
      throw bad('jwksUrl must be an https URL: whoever can change its answer can make tokens');
    return createRemoteJWKSet(url, {
      cacheMaxAge: times.jwksMaxAgeMs ?? 600_000,
      cooldownDuration: times.jwksCooldownMs ?? 30_000,
    });
  }
  if (publicKey !== undefined) {
    try {
      return createPublicKey(publicKey);
    } catch {
      throw bad('publicKey is no public key in PEM');
    }
  }
  const bytes = new TextEncoder().encode(secret);
  if (bytes.length < shortestSecretBytes)
    throw bad(
      `secret has fewer than ${shortestSecretBytes} bytes. Make one with \`openssl rand -base64 48\``,
    );
  return bytes;
}

function bad(why: string): AuthConfigError {
  return new AuthConfigError('BAD_JWT_OPTIONS', `The options for JWTs are not right: ${why}.`);
}
