import { z } from 'zod';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** A message that does not fit its schema: from another program, or of another version. */
export class BadMessageError extends Error {
  override readonly name = 'BadMessageError';
  readonly code = 'BAD_MESSAGE';
  /** The subject of the message. */
  readonly subject: string;

  constructor(subject: string, why: string, options?: ErrorOptions) {
    super(`A message on ${subject} does not fit the protocol: ${why}`, options);
    this.subject = subject;
  }
}

/** Writes a value as the wire has it: JSON in UTF-8. */
export function encode(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/**
 * Writes a message that fits its schema, so that nothing leaves this process which readers would have to refuse.
 * @throws BadMessageError naming the fields that do not fit
 */
export function encodeChecked(schema: z.ZodType, subject: string, value: unknown): Uint8Array {
  try {
    const parsed = schema.safeParse(value);
    if (parsed.success) return encode(value);
    throw new BadMessageError(subject, `it was not written.\n${z.prettifyError(parsed.error)}`, {
      cause: parsed.error,
    });
  } catch (cause) {
    if (cause instanceof BadMessageError) throw cause;
    throw new BadMessageError(subject, 'it was not written, since it is no JSON', { cause });
  }
}

/**
 * Reads a message by its schema.
 * @throws BadMessageError
 */
export function decode<S extends z.ZodType>(schema: S, subject: string, data: Uint8Array): z.output<S> {
  let json: unknown;
  try {
    json = JSON.parse(decoder.decode(data));
  } catch (error) {
    throw new BadMessageError(subject, 'it is not JSON', { cause: error });
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw new BadMessageError(subject, parsed.error.message, { cause: parsed.error });
  return parsed.data;
}
