import { describe, expect, it } from 'vitest';
import { decodeText, normalizeText } from './decodeText.ts';

describe('decodeText', () => {
  it.each([
    ['UTF-8', Buffer.from('Grüße'), undefined],
    ['UTF-8 with a mark', Buffer.from('\ufeffGrüße'), undefined],
    ['UTF-16 with a mark', Buffer.from('\ufeffGrüße', 'utf16le'), undefined],
    ['the declared charset', Buffer.from('Grüße', 'latin1'), 'text/plain; charset="ISO-8859-1"'],
    ['a mark against the declared charset', Buffer.from('\ufeffGrüße'), 'text/plain; charset=latin1'],
  ])('reads %s', (_, bytes, contentType) => {
    expect(decodeText(bytes, 'text', contentType)).toBe('Grüße');
  });

  it('believes the <meta> of HTML, and of nothing else', () => {
    const page = Buffer.from('<meta charset="windows-1252"><p>Grüße', 'latin1');
    expect(decodeText(page, 'html', undefined)).toContain('Grüße');
    expect(() => decodeText(page, 'text', undefined)).toThrow(
      expect.objectContaining({ code: 'UNREADABLE', data: { format: 'text', reason: 'BAD_ENCODING' } }),
    );
  });

  it.each([
    ['bytes that are not UTF-8', Buffer.from([0x48, 0xc3, 0x28]), undefined],
    ['a charset that nobody knows', Buffer.from('Hi'), 'text/plain; charset=klingon'],
  ])('refuses %s', (_, bytes, contentType) => {
    expect(() => decodeText(bytes, 'markdown', contentType)).toThrow(
      expect.objectContaining({ code: 'UNREADABLE', data: { format: 'markdown', reason: 'BAD_ENCODING' } }),
    );
  });
});

describe('normalizeText', () => {
  it('makes line breaks alike and drops control characters and broken halves', () => {
    expect(normalizeText('a\r\nb\rc\u2028d\fe\0\u0007f\ud800g')).toBe('a\nb\nc\nd\n\nef\ufffdg');
  });
});
