import type { DocumentFormat } from './documentTypes.ts';
import { documentError } from './documentTypes.ts';

/**
 * Turns the bytes of a text into characters: by its byte order mark, else as the content type says, else (HTML) as
 * its `<meta charset>` says, else as UTF-8.
 *
 * @throws TaskError `UNREADABLE` (`BAD_ENCODING`)
 */
export function decodeText(
  bytes: Uint8Array,
  format: Exclude<DocumentFormat, 'pdf'>,
  contentType: string | undefined,
): string {
  const label =
    byteOrderMark(bytes) ??
    charsetOf(contentType ?? '') ??
    (format === 'html' ? charsetOf(asciiStart(bytes)) : undefined) ??
    'utf-8';
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch (error) {
    const failure = documentError(
      'UNREADABLE',
      `The document is not valid text in the encoding "${label}". Save it as UTF-8, or have its true encoding declared.`,
      { format, reason: 'BAD_ENCODING' },
    );
    failure.cause = error;
    throw failure;
  }
}

/** Makes line breaks alike and takes out what no reader sees: control characters and halves of characters. */
export function normalizeText(text: string): string {
  return (
    text
      .toWellFormed()
      .replace(/\r\n?|\u2028|\u2029/g, '\n')
      .replace(/\f/g, '\n\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
      .replace(/[\u0000-\u0008\u000b\u000e-\u001f\u007f\ufeff]/g, '')
  );
}

function byteOrderMark(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return undefined;
}

function charsetOf(text: string): string | undefined {
  return /\bcharset\s*=\s*["']?\s*([\w:.+-]+)/i.exec(text)?.[1]?.toLowerCase();
}

function asciiStart(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 1_024)).toString('latin1');
}
