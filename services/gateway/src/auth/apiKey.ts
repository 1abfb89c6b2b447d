import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

/**
 * What an API key looks like: `lh_<id>_<secret>`. The prefix tells it from a token and lets secret scanners find it, the
 * id finds its entry, and the secret is 32 random bytes.
 */
const keyShape = /^lh_([0-9a-z]{12})_[A-Za-z0-9_-]{43}$/;
const idAlphabet = '0123456789abcdefghijklmnopqrstuvwxyz';
const idLength = 12;
const secretBytes = 32;

/** A new key, and what is kept of it. */
export type NewApiKey = { readonly key: string; readonly id: string; readonly sha256: string };

/** Makes a key. Nobody can make it again: only its hash is to be kept. */
export function makeApiKey(): NewApiKey {
  const id = Array.from({ length: idLength }, () => idAlphabet[randomInt(idAlphabet.length)]).join('');
  const key = `lh_${id}_${randomBytes(secretBytes).toString('base64url')}`;
  return { key, id, sha256: hashOf(key).toString('hex') };
}

/** The id of a key. `undefined`: it has not the shape of one. */
export function apiKeyId(key: string): string | undefined {
  return keyShape.exec(key)?.[1];
}

/** Whether a text is meant as an API key, rightly written or not: it is then no token. */
export function looksLikeApiKey(credential: string): boolean {
  return credential.startsWith('lh_');
}

/**
 * A key of 256 random bits cannot be guessed however fast guesses are, so a plain hash is enough; a slow one (scrypt,
 * Argon2) is for passwords, and would cost each call tens of milliseconds.
 */
function hashOf(key: string): Buffer {
  return createHash('sha256').update(key, 'utf8').digest();
}

const nothing = Buffer.alloc(32);

/**
 * Whether a key has the hash that is kept. Takes as long for an unknown id (no hash) as for a wrong secret, and as long
 * for one that is wrong early as for one that is wrong late.
 */
export function hasHash(key: string, sha256: Buffer | undefined): boolean {
  const isEqual = timingSafeEqual(hashOf(key), sha256 ?? nothing);
  return isEqual && sha256 !== undefined;
}
