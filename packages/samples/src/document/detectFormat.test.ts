import { describe, expect, it } from 'vitest';
import { detectFormat } from './detectFormat.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const detect = (text: string, location: string, contentType?: string) =>
  detectFormat({ bytes: bytes(text), location, contentType });

describe('detectFormat', () => {
  it.each([
    ['%PDF-1.7 …', 'report.txt', 'text/plain', 'pdf'],
    ['\n\n%PDF-1.4', 'download', undefined, 'pdf'],
    ['# Title', 'notes.md', undefined, 'markdown'],
    ['# Title', 'https://example.org/NOTES.MD?raw=1', 'text/plain; charset=utf-8', 'markdown'],
    ['# Title', 'https://example.org/notes.md#top', 'application/octet-stream', 'markdown'],
    ['# Title', 'https://example.org/notes', 'text/markdown', 'markdown'],
    ['<p>Hi</p>', 'https://example.org/', 'Text/HTML; charset=utf-8', 'html'],
    ['<p>Hi</p>', 'https://example.org/page.txt', 'application/xhtml+xml', 'html'],
    ['<!doctype html><p>', 'page', undefined, 'html'],
    ['<!-- a note --> text', 'page', undefined, 'text'],
    ['<!doctype html><p>', 'https://example.org/source', 'text/plain', 'text'],
    ['a,b', 'table.csv', undefined, 'text'],
    ['a,b', 'https://example.org/table', 'text/csv', 'text'],
    ['Hello', 'LICENSE', undefined, 'text'],
    ['not a PDF', 'https://example.org/x', 'application/pdf', 'pdf'],
    ['\xff\xfeH\0i\0', 'windows.txt', undefined, 'text'],
  ])('%j at %s (%s) is %s', (text, location, contentType, format) => {
    expect(detect(text, location, contentType)).toBe(format);
  });

  it.each([
    ['PK\x03\x04…', 'letter.docx', undefined, /ZIP archive/],
    ['\x89PNG\r\n', 'picture.txt', undefined, /PNG/],
    ['abc\0def', 'data.txt', undefined, /binary/],
    ['{}', 'https://example.org/data', 'application/json', /application\/json/],
    ['…', 'https://example.org/film', 'video/mp4', /video\/mp4/],
  ])('%j at %s (%s) is refused and named', (text, location, contentType, found) => {
    expect(() => detect(text, location, contentType)).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_FORMAT',
        data: {
          found: expect.stringMatching(found),
          supported: ['text', 'markdown', 'html', 'pdf'],
        },
      }),
    );
  });
});
