import { getDocumentProxy, getResolvedPDFJS } from 'unpdf';
import type { ReadDocument } from './documentTypes.ts';
import { documentError } from './documentTypes.ts';
import { type PdfBlock, type PdfLine, type PdfRun, toBlocks, toLines } from './pdfLines.ts';
import { sectionBuilder } from './sectionBuilder.ts';

type PdfDocument = Awaited<ReturnType<typeof getDocumentProxy>>;

/** A small file can name one page a million times. */
const mostPages = 2_000;
/** And each of them can be a large one. A long book has a tenth of this. Pieces of text count as a character each. */
const mostCharacters = 20_000_000;

/**
 * Reads the text of a PDF, page by page. Larger letters make headings, which part its sections; without any, each page
 * is a section.
 *
 * @param onPage called before each page, with its number and how many there are
 * @throws TaskError `UNREADABLE` (`BROKEN`, `ENCRYPTED`, `TOO_COMPLEX`), `EMPTY`
 */
export async function readPdf(
  bytes: Uint8Array,
  onPage: (page: number, pages: number) => void,
): Promise<ReadDocument> {
  const pdf = await openPdf(bytes);
  try {
    if (pdf.numPages > mostPages) throw tooManyPages(pdf.numPages);
    const lines: PdfLine[] = [];
    let characters = 0;
    for (let page = 1; page <= pdf.numPages; page += 1) {
      onPage(page, pdf.numPages);
      const runs = await runsOf(pdf, page);
      for (const { text } of runs) characters += 1 + text.length;
      if (characters > mostCharacters) throw tooMuchText(page, pdf.numPages);
      for (const line of toLines(runs, page)) lines.push(line);
    }
    if (lines.length === 0) {
      throw documentError(
        'EMPTY',
        `The PDF has ${pdf.numPages} page(s) without text, so it is probably scanned: run a text recognition (OCR) on it first.`,
        { format: 'pdf' },
      );
    }
    return toDocument(toBlocks(lines), pdf.numPages, await metadataTitle(pdf));
  } finally {
    await pdf.loadingTask.destroy();
  }
}

async function openPdf(bytes: Uint8Array): Promise<PdfDocument> {
  try {
    // No warnings on the console.
    return await getDocumentProxy(bytes, { verbosity: 0 });
  } catch (error) {
    const { PasswordException } = await getResolvedPDFJS();
    throw error instanceof PasswordException ? encrypted() : broken(error);
  }
}

async function runsOf(pdf: PdfDocument, pageNumber: number): Promise<readonly PdfRun[]> {
  try {
    const page = await pdf.getPage(pageNumber);
    const { items } = await page.getTextContent();
    page.cleanup();
    return items.flatMap(item => {
      if (!('str' in item)) return [];
      const [, , c, d, x, y] = item.transform as readonly number[];
      return [
        { text: item.str, x: x ?? 0, y: y ?? 0, width: item.width, fontSize: Math.hypot(c ?? 0, d ?? 0) },
      ];
    });
  } catch (error) {
    throw broken(error);
  }
}

async function metadataTitle(pdf: PdfDocument): Promise<string | null> {
  const { info } = await pdf.getMetadata();
  const title = 'Title' in info && typeof info.Title === 'string' ? info.Title.trim() : '';
  // Programs write these by themselves.
  return title === '' || /^untitled|\.(?:docx?|odt|tex|indd)$/i.test(title) ? null : title;
}

function toDocument(blocks: readonly PdfBlock[], pages: number, title: string | null): ReadDocument {
  const builder = sectionBuilder();
  const firstHeading = blocks.find(block => block.isHeading);
  let page = 0;
  for (const block of blocks) {
    if (firstHeading === undefined && block.page !== page) {
      page = block.page;
      builder.heading(`Page ${page}`);
    }
    if (block.isHeading) builder.heading(block.text);
    else builder.block(block.text);
  }
  return { title: title ?? firstHeading?.text ?? null, format: 'pdf', pages, sections: builder.sections() };
}

function broken(cause: unknown) {
  const error = documentError(
    'UNREADABLE',
    `The PDF is damaged (${cause instanceof Error ? cause.message : cause}). Save or download it again.`,
    { format: 'pdf', reason: 'BROKEN' },
  );
  error.cause = cause;
  return error;
}

function tooManyPages(pages: number) {
  return documentError(
    'UNREADABLE',
    `The PDF has ${pages} pages; at most ${mostPages} are read. Part it into smaller files.`,
    { format: 'pdf', reason: 'TOO_COMPLEX' },
  );
}

function tooMuchText(page: number, pages: number) {
  return documentError(
    'UNREADABLE',
    `The first ${page} of the ${pages} pages have more than ${mostCharacters} characters. Part the PDF into smaller files.`,
    { format: 'pdf', reason: 'TOO_COMPLEX' },
  );
}

function encrypted() {
  return documentError('UNREADABLE', 'The PDF needs a password to be opened. Save it without one.', {
    format: 'pdf',
    reason: 'ENCRYPTED',
  });
}
