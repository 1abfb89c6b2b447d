import { decodeText, normalizeText } from './decodeText.ts';
import { detectFormat } from './detectFormat.ts';
import type { DocumentFormat, LoadedDocument, ReadDocument } from './documentTypes.ts';
import { documentError } from './documentTypes.ts';

type TextFormat = Exclude<DocumentFormat, 'pdf'>;

/**
 * Turns a loaded document into plain text in sections. The reader of its format is loaded when it is first needed.
 *
 * @param onPage called before each page of a PDF
 * @throws TaskError `UNSUPPORTED_FORMAT`, `UNREADABLE`, `EMPTY`
 */
export async function readDocument(
  document: LoadedDocument,
  onPage: (page: number, pages: number) => void,
): Promise<ReadDocument> {
  const read = await (document.kind === 'text'
    ? readMarkup(document.text, document.format)
    : readBytes(document, onPage));
  if (read.sections.length === 0) {
    throw documentError('EMPTY', 'The document holds no readable text.', { format: read.format });
  }
  return read;
}

async function readBytes(
  document: Extract<LoadedDocument, { kind: 'bytes' }>,
  onPage: (page: number, pages: number) => void,
): Promise<ReadDocument> {
  const format = detectFormat(document);
  if (format !== 'pdf') {
    return await readMarkup(decodeText(document.bytes, format, document.contentType), format);
  }
  const { readPdf } = await import('./readPdf.ts');
  return await readPdf(document.bytes, onPage);
}

async function readMarkup(raw: string, format: TextFormat): Promise<ReadDocument> {
  const text = normalizeText(raw);
  try {
    if (format === 'markdown') return (await import('./readMarkdown.ts')).readMarkdown(text);
    if (format === 'html') return (await import('./readHtml.ts')).readHtml(text);
    return (await import('./readText.ts')).readText(text);
  } catch (error) {
    // The stack was exhausted: quotes in quotes in quotes, ten thousand deep.
    if (!(error instanceof RangeError)) throw error;
    throw documentError('UNREADABLE', 'The document is nested too deeply. Make it simpler.', {
      format,
      reason: 'TOO_COMPLEX',
    });
  }
}
