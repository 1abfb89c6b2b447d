import { Buffer } from 'node:buffer';
import type { TaskError } from '@longhaul/executor';
import { documentError } from './documentTypes.ts';

/**
 * Joins the chunks of a stream, and stops reading it when they are more than `maxBytes`.
 *
 * @param onBytes called with the number of bytes so far
 * @throws TaskError `TOO_LARGE`
 */
export async function collectBytes(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
  onBytes?: (received: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const collected: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.byteLength;
    if (length > maxBytes) throw tooLarge(maxBytes, null);
    collected.push(chunk);
    onBytes?.(length);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of collected) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

/** @throws TaskError `TOO_LARGE` when an inline text is longer in UTF-8 than `maxBytes` */
export function refuseLongText(text: string, maxBytes: number): void {
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > maxBytes) throw tooLarge(maxBytes, sizeBytes);
}

/** The error for a document whose size is known, or known only to be over the limit (`null`). */
export function tooLarge(maxBytes: number, sizeBytes: number | null): TaskError {
  return documentError(
    'TOO_LARGE',
    `The document is larger than ${maxBytes} bytes. Give a smaller one, or raise DOCUMENT_MAX_BYTES.`,
    { maxBytes, sizeBytes },
  );
}
