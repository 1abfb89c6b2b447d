import { expect, test } from 'vitest';
import { readPdf } from './readPdf.ts';

/** A PDF whose pages all are the same content. */
function pdfOf(pages: number, content: string): Uint8Array {
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Count ${pages} /Kids [${'3 0 R '.repeat(pages)}] >>`,
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let text = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const offset = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const entries = offsets.map(offset => `${String(offset).padStart(10, '0')} 00000 n \n`);
  const size = `/Size ${objects.length + 1}`;
  const start = text.length;
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${entries.join('')}`;
  text += `trailer\n<< ${size} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
const line = (y: number) => `BT /F 10 Tf 1 0 0 1 50 ${y} Tm (One line of a page, again and again.) Tj ET\n`;
const page = (lines: number) => Array.from({ length: lines }, (_, n) => line(780 - (n % 70) * 11)).join('');
const read = async (bytes: Uint8Array) => {
  const seen: number[] = [];
  const outcome = await readPdf(bytes, number => seen.push(number)).then(
    ({ pages }) => ({ pages }),
    (error: unknown) => ({ error }),
  );
  return { ...outcome, seen: seen.length };
};

test('a PDF of repeated pages is read', async () => {
  expect(await read(pdfOf(20, page(10)))).toEqual({ pages: 20, seen: 20 });
});

test('one with too many pages is refused before any is read', async () => {
  expect(await read(pdfOf(2_001, page(1)))).toMatchObject({
    seen: 0,
    error: { code: 'UNREADABLE', data: { reason: 'TOO_COMPLEX' } },
  });
});

test('one with too much text on its pages is refused at the page that is too much', async () => {
  const { error, seen } = (await read(pdfOf(2_000, page(30_000)))) as { error: object; seen: number };
  expect(error).toMatchObject({ code: 'UNREADABLE', data: { reason: 'TOO_COMPLEX' } });
  // 30,000 lines of 36 characters are 1.1 million, and line ends that the reader adds.
  expect(seen).toBeGreaterThan(8);
  expect(seen).toBeLessThan(20);
}, 120_000);
