import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AuthConfigError } from './authConfigError.ts';
import { roles } from './caller.ts';

/** One key as the file keeps it: never the key itself. */
export const apiKeyEntrySchema = z.strictObject({
  id: z.string().regex(/^[0-9a-z]{12}$/, 'An id is twelve lower-case letters or digits.'),
  /** Of the whole key, in hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'A hash is 64 hexadecimal digits.'),
  owner: z
    .string()
    .min(1)
    .max(256)
    .refine(owner => owner.isWellFormed(), 'An owner is whole Unicode characters.'),
  role: z.enum(roles).default('user'),
  createdAt: z.iso.datetime().optional(),
  /** From then on the key is refused, and its streams end. */
  expiresAt: z.iso.datetime().optional(),
  /** For people: what the key is for. */
  note: z.string().max(200).optional(),
});
export type ApiKeyEntry = z.output<typeof apiKeyEntrySchema>;

const fileSchema = z
  .strictObject({ keys: z.array(apiKeyEntrySchema).max(100_000) })
  .refine(({ keys }) => new Set(keys.map(({ id }) => id)).size === keys.length, 'Two keys have the same id.');

/**
 * Reads a file of API keys. What is wrong is named by its place, not by its content: the message goes into logs.
 * @throws AuthConfigError BAD_API_KEYS_FILE
 */
export async function readApiKeysFile(path: string): Promise<readonly ApiKeyEntry[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw bad(`The file of API keys ${path} cannot be read (${why}). Make one with \`pnpm keys create\`.`);
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The parser's own message quotes the file.
    throw bad(`The file of API keys ${path} is not JSON.`);
  }
  const parsed = fileSchema.safeParse(content);
  if (parsed.success) return parsed.data.keys;
  throw bad(`The file of API keys ${path} is not right:\n${z.prettifyError(parsed.error)}`);
}

function bad(message: string): AuthConfigError {
  return new AuthConfigError('BAD_API_KEYS_FILE', message);
}
