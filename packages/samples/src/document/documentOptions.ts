import { z } from 'zod';
import { ownFolder } from '../folders.ts';

/** How an executor reads documents. */
export type DocumentOptions = {
  /** The folder that `path` inputs are read from; nothing outside it is. */
  readonly allowedDirectory: string;
  /** Whether addresses of private networks, this machine and the like are fetched. */
  readonly allowPrivateUrls: boolean;
  /** The largest document, in bytes: as stored, and after a web server's compression is undone. */
  readonly maxBytes: number;
  /** Milliseconds for one document's fetch, redirects included. */
  readonly fetchTimeoutMs: number;
  readonly maxRedirects: number;
};

const whole = (lowest: number, fallback: number) => z.coerce.number().int().min(lowest).default(fallback);

const environmentSchema = z.object({
  DOCUMENT_DIR: z.string().default(() => ownFolder('documents')),
  DOCUMENT_ALLOW_PRIVATE_URLS: z.stringbool().default(false),
  DOCUMENT_MAX_BYTES: whole(1, 20 * 1024 * 1024),
  DOCUMENT_FETCH_TIMEOUT_MS: whole(1, 30_000),
  DOCUMENT_MAX_REDIRECTS: whole(0, 5),
});

/**
 * Reads the options from the environment; a variable that is absent or empty has its default: an empty folder of its
 * own (see `ownFolder`), no private addresses, 20 MiB, 30 s, 5 redirects.
 *
 * @throws Error that names each variable with a value that cannot be used
 */
export function documentOptions(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): DocumentOptions {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`The environment does not configure document.analyze. ${faults.join('; ')}`);
  }
  const { data } = parsed;
  return {
    allowedDirectory: data.DOCUMENT_DIR,
    allowPrivateUrls: data.DOCUMENT_ALLOW_PRIVATE_URLS,
    maxBytes: data.DOCUMENT_MAX_BYTES,
    fetchTimeoutMs: data.DOCUMENT_FETCH_TIMEOUT_MS,
    maxRedirects: data.DOCUMENT_MAX_REDIRECTS,
  };
}
