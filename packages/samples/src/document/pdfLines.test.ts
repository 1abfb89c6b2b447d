import { describe, expect, it } from 'vitest';
import { type PdfLine, toBlocks, toLines } from './pdfLines.ts';

const run = (text: string, x: number, y: number, fontSize = 10) => ({
  text,
  x,
  y,
  fontSize,
  width: text.length * 5,
});

describe('toLines', () => {
  it('joins runs of one height, with a space where there is a gap', () => {
    const runs = [run('Hel', 0, 700), run('lo', 15, 700.2), run('world', 30, 700), run('next', 0, 688)];
    expect(toLines(runs, 1).map(line => line.text)).toEqual(['Hello world', 'next']);
  });

  it('keeps columns apart', () => {
    const runs = [run('right', 300, 700), run('left', 0, 700)];
    expect(toLines(runs, 1).map(line => line.text)).toEqual(['right', 'left']);
  });
});

describe('toBlocks', () => {
  const line = (text: string, y: number, page = 1, fontSize = 10): PdfLine => ({ text, y, page, fontSize });

  it('tells headings, paragraphs, bullets and page numbers', () => {
    const blocks = toBlocks([
      line('Big title', 760, 1, 18),
      line('goes on', 740, 1, 18),
      line('A para-', 700),
      line('graph of two lines.', 688),
      line('After a gap.', 650),
      line('• first', 638),
      line('• second', 626),
      line('Page 1 of 2', 30),
      line('An open sentence', 620),
      line('ends over the page.', 760, 2),
      line('New on the second page.', 700, 2),
      line('2', 30, 2),
    ]);
    expect(blocks.map(({ text, isHeading }) => (isHeading ? `# ${text}` : text))).toEqual([
      '# Big title goes on',
      'A paragraph of two lines.',
      'After a gap.',
      '• first',
      '• second An open sentence ends over the page.',
      'New on the second page.',
    ]);
  });
});
