import { z } from 'zod';

/**
 * Where a large payload lies: an input or output over `inlineLimitBytes` is put into the object store before the
 * message that would have carried it, and the message carries this instead.
 */
export const payloadRefSchema = z
  .object({
    object: z.string().min(1).max(256).meta({ description: 'The name of the object in the object store.' }),
    bytes: z.int().min(1).meta({ description: 'The length of its JSON in UTF-8.' }),
    digest: z
      .string()
      .regex(/^SHA-256=[A-Za-z0-9_-]{43}=$/)
      .meta({ description: 'The SHA-256 of those bytes, as object stores write it (base64url, padded).' }),
  })
  .meta({ description: 'A payload that is too large for a message: an object in the object store.' });

/** Where a large payload lies: the object's name, its length in bytes, and its digest. */
export type PayloadRef = z.infer<typeof payloadRefSchema>;
