import { documentFormats } from '../contract/document.ts';
import type { DocumentFormat } from './documentTypes.ts';
import { documentError } from './documentTypes.ts';

/** What is known of a document whose format is to be told. */
export type FormatClues = {
  readonly bytes: Uint8Array;
  /** The path or address: its ending may tell. */
  readonly location: string;
  /** The `content-type` header, where there was one. */
  readonly contentType: string | undefined;
};

const byEnding: ReadonlyMap<string, DocumentFormat> = new Map(
  Object.entries<DocumentFormat>({
    md: 'markdown',
    markdown: 'markdown',
    mkd: 'markdown',
    html: 'html',
    htm: 'html',
    xhtml: 'html',
    pdf: 'pdf',
    txt: 'text',
    text: 'text',
  }),
);

const byContentType: ReadonlyMap<string, DocumentFormat> = new Map(
  Object.entries<DocumentFormat>({
    'text/markdown': 'markdown',
    'text/x-markdown': 'markdown',
    'text/html': 'html',
    'application/xhtml+xml': 'html',
    'application/pdf': 'pdf',
    'application/x-pdf': 'pdf',
  }),
);

/** What servers send for a file that they know nothing about: its name and content tell more. */
const vagueContentTypes = new Set(['text/plain', 'application/octet-stream', 'binary/octet-stream']);

/** First bytes of what people send by mistake, so that the error can name it. */
const knownBinaries: readonly (readonly [start: string, name: string])[] = [
  ['PK\x03\x04', 'a ZIP archive (also Word, Excel, OpenDocument and EPUB files)'],
  ['\xd0\xcf\x11\xe0', 'an old Microsoft Office file'],
  ['{\\rtf', 'an RTF file'],
  ['\x1f\x8b', 'a gzip archive'],
  ['\x89PNG', 'a PNG image'],
  ['\xff\xd8\xff', 'a JPEG image'],
  ['GIF8', 'a GIF image'],
  ['ID3', 'an MP3 file'],
  ['OggS', 'an Ogg file'],
  ['RIFF', 'a RIFF file (WAV, AVI, WebP)'],
  ['%!PS', 'a PostScript file'],
];

/**
 * Tells the format of a document by its first bytes, then by its content type, then by the ending of its name, then by
 * how it begins. What is none of these and holds text is plain text.
 *
 * @throws TaskError `UNSUPPORTED_FORMAT`
 */
export function detectFormat({ bytes, location, contentType }: FormatClues): DocumentFormat {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 8_192));
  const head = start.toString('latin1');
  // Readers accept a PDF that begins within the first kilobyte.
  if (head.slice(0, 1_024).includes('%PDF-')) return 'pdf';
  const binary = knownBinaries.find(([magic]) => head.startsWith(magic));
  if (binary) throw unsupported(binary[1]);
  const isUtf16 = head.startsWith('\xff\xfe') || head.startsWith('\xfe\xff');
  if (head.includes('\0') && !isUtf16) throw unsupported('binary data');

  const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? '';
  const known = byContentType.get(type);
  if (known) return known;
  const isText = type === '' || type.startsWith('text/') || vagueContentTypes.has(type);
  if (!isText) throw unsupported(type);
  const ending = /\.([a-z]+)(?:[?#].*)?$/i.exec(location)?.[1]?.toLowerCase() ?? '';
  const named = byEnding.get(ending);
  if (named) return named;
  return type !== 'text/plain' && /^[^<]{0,80}<(?:!doctype\s+html|html)\b/i.test(head) ? 'html' : 'text';
}

function unsupported(found: string) {
  return documentError(
    'UNSUPPORTED_FORMAT',
    `The document is ${found}, not one of ${documentFormats.join(', ')}. Convert it first.`,
    { found, supported: [...documentFormats] },
  );
}
