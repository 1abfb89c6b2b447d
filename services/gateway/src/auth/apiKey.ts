import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';

/**
 * The format of an API key: `lh_<id>_<secret>`. The prefix distinguishes it from a token and lets secret scanners detect it;
 * the id selects its entry in the file; the secret is 32 random bytes.
 */
const keyShape = /^lh_([0-9a-z]{12})_[A-Za-z0-9_-]{43}$/;
const idAlphabet = '0123456789abcdefghijklmnopqrstuvwxyz';
const idLength = 12;
const secretBytes = 32;

/** A new key, and its id and hash, which the file keeps. */
export type NewApiKey = { readonly key: string; readonly id: string; readonly sha256: string };

/** Creates a key. Only its hash is to be stored, from which the key cannot be restored. */
export function createApiKey(): NewApiKey {
  const id = Array.from({ length: idLength }, () => idAlphabet[randomInt(idAlphabet.length)]).join('');
  const key = `lh_${id}_${randomBytes(secretBytes).toString('base64url')}`;
  return { key, id, sha256: hashOf(key).toString('hex') };
}

/** The id of a key. `undefined`: the text does not have the format of a key. */
export function apiKeyId(key: string): string | undefined {
  return keyShape.exec(key)?.[1];
}

/** Whether a credential is meant as an API key, even if it is malformed, and not as a token. */
export function looksLikeApiKey(credential: string): boolean {
  return credential.startsWith('lh_');
}

/**
 * A key of 256 random bits cannot be guessed at any speed, so a plain hash is enough. A slow hash (scrypt, Argon2) is for
 * passwords, and would cost each call tens of milliseconds.
 */
function hashOf(key: string): Buffer {
  return createHash('sha256').update(key, 'utf8').digest();
}

const noHash = Buffer.alloc(32);

/**
 * Whether a key has the stored hash. Takes the same time for an unknown id (no hash), a wrong secret, and secrets that
 * differ at the start or at the end.
 */
export function hasHash(key: string, sha256: Buffer | undefined): boolean {
  const isEqual = timingSafeEqual(hashOf(key), sha256 ?? noHash);
  return isEqual && sha256 !== undefined;
}
