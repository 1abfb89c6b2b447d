import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AuthConfigError } from './authConfigError.ts';
import { roles } from './caller.ts';

/** An entry of the file of API keys: never the key itself. */
export const apiKeyEntrySchema = z.strictObject({
  id: z.string().regex(/^[0-9a-z]{12}$/, 'An id has twelve lower-case letters or digits.'),
  /** The hash of the whole key, in hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'A hash has 64 hexadecimal digits.'),
  owner: z
    .string()
    .min(1)
    .max(256)
    .refine(owner => owner.isWellFormed(), 'An owner has well-formed Unicode only.'),
  role: z.enum(roles).default('user'),
  createdAt: z.iso.datetime().optional(),
  /** From this time on the key is refused and its streams end. */
  expiresAt: z.iso.datetime().optional(),
  /** What the key is for. */
  note: z.string().max(200).optional(),
});
export type ApiKeyEntry = z.output<typeof apiKeyEntrySchema>;

const fileSchema = z
  .strictObject({ keys: z.array(apiKeyEntrySchema).max(100_000) })
  .refine(({ keys }) => new Set(keys.map(({ id }) => id)).size === keys.length, 'Two keys have the same id.');

/**
 * Reads a file of API keys. Error messages name the position of a mistake and not the content, since they are logged.
 * @throws AuthConfigError BAD_API_KEYS_FILE
 */
export async function readApiKeysFile(path: string): Promise<readonly ApiKeyEntry[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw bad(
      `The file of API keys ${path} cannot be read (${why}). Create it with \`longhaul-keys create\`.`,
    );
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The parser's message would quote the file.
    throw bad(`The file of API keys ${path} is not JSON.`);
  }
  const parsed = fileSchema.safeParse(content);
  if (parsed.success) return parsed.data.keys;
  throw bad(`The file of API keys ${path} is invalid:\n${z.prettifyError(parsed.error)}`);
}

function bad(message: string): AuthConfigError {
  return new AuthConfigError('BAD_API_KEYS_FILE', message);
}
