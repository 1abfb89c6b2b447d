/** A run of text on a page, as a PDF library gives it; `x` and `y` count from the lower left, in points. */
export type PdfRun = {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly fontSize: number;
};

/** A line of a page. */
export type PdfLine = {
  readonly text: string;
  readonly y: number;
  readonly fontSize: number;
  readonly page: number;
};

/** A paragraph or heading of a PDF. */
export type PdfBlock = { readonly text: string; readonly isHeading: boolean; readonly page: number };

/** How much larger than the body's a heading's letters are. */
const headingScale = 1.12;
const longestHeading = 120;

/** Joins the runs of a page into lines: runs at about the same height belong to one line. */
export function toLines(runs: readonly PdfRun[], page: number): readonly PdfLine[] {
  const lines: { text: string; y: number; fontSize: number; end: number; page: number }[] = [];
  for (const run of runs) {
    if (run.text === '') continue;
    const line = lines.at(-1);
    if (
      line &&
      Math.abs(line.y - run.y) <= Math.max(1, 0.4 * line.fontSize) &&
      run.x >= line.end - line.fontSize
    ) {
      const gap = run.x - line.end;
      line.text += gap > 0.15 * run.fontSize && !/\s$/.test(line.text) ? ` ${run.text}` : run.text;
      line.end = run.x + run.width;
      line.fontSize = Math.max(line.fontSize, run.fontSize);
    } else if (run.text.trim() !== '') {
      lines.push({ text: run.text, y: run.y, fontSize: run.fontSize, end: run.x + run.width, page });
    }
  }
  return lines.map(({ text, y, fontSize }) => ({ text: text.trim(), y, fontSize, page }));
}

/**
 * Joins lines into headings and paragraphs. A heading's letters are larger than most of the document's; a paragraph
 * ends at a gap. Page numbers are left out; a paragraph that continues on the next page is joined.
 */
export function toBlocks(lines: readonly PdfLine[]): readonly PdfBlock[] {
  const bodySize = commonSize(lines);
  const blocks: { text: string; isHeading: boolean; page: number; last: PdfLine }[] = [];
  for (const line of lines) {
    if (/^(?:page\s+)?\d{1,4}(?:\s*(?:\/|of)\s*\d{1,4})?$/i.test(line.text)) continue;
    const isHeading = line.fontSize >= headingScale * bodySize && line.text.length <= longestHeading;
    const block = blocks.at(-1);
    if (block && block.isHeading === isHeading && continues(block.last, line)) {
      block.text = joined(block.text, line.text);
      block.last = line;
    } else {
      blocks.push({ text: line.text, isHeading, page: line.page, last: line });
    }
  }
  return blocks.map(({ text, isHeading, page }) => ({ text, isHeading, page }));
}

/** The size that most characters have. */
function commonSize(lines: readonly PdfLine[]): number {
  const characters = new Map<number, number>();
  for (const { fontSize, text } of lines) {
    const size = Math.round(fontSize * 2) / 2;
    characters.set(size, (characters.get(size) ?? 0) + text.length);
  }
  return [...characters].reduce((most, entry) => (entry[1] > most[1] ? entry : most), [0, -1])[0];
}

function continues(last: PdfLine, next: PdfLine): boolean {
  if (Math.abs(last.fontSize - next.fontSize) > 0.6) return false;
  if (/^[•–▪‣*-]\s/.test(next.text)) return false;
  // The next column or page: only an unfinished sentence continues there.
  if (next.page !== last.page || next.y > last.y) return !/[.!?:]["”’)]?$/.test(last.text);
  return last.y - next.y <= 1.45 * Math.max(last.fontSize, next.fontSize);
}

/** A word that was parted at the end of a line is whole again. */
function joined(text: string, next: string): string {
  return /\p{L}-$/u.test(text) && /^\p{Ll}/u.test(next) ? text.slice(0, -1) + next : `${text} ${next}`;
}
