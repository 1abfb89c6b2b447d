import type { ReadDocument } from './documentTypes.ts';
import { sectionBuilder } from './sectionBuilder.ts';

const longestHeading = 90;
const underline = /^\s*(?:={3,}|-{3,}|~{3,}|\*{3,})\s*$/;
const listItem = /^\s*(?:[-*•–]|\d{1,3}[.)])\s+/;
const numberedHeading = /^(?:(?:chapter|section|part|appendix)\s+[\divxlc]+\b|\d+(?:\.\d+)*\.?\s+\p{Lu})/iu;

/**
 * Reads a plain text: blank lines part its paragraphs, and a heading is a line of its own that is underlined, written
 * in capitals, or numbered. A short first line without a full stop is the title.
 */
export function readText(text: string): ReadDocument {
  const builder = sectionBuilder();
  let title: string | null = null;
  const paragraphs = text.split(/\n[^\S\n]*(?:\n\s*)?\n/).map(paragraph => paragraph.split('\n'));
  for (const [index, lines] of paragraphs.entries()) {
    const [first = '', second = ''] = lines;
    const isUnderlined = isShort(first) && underline.test(second);
    const isTitle = index === 0 && paragraphs.length > 1 && lines.length === 1 && isTitleLike(first);
    if (isUnderlined || isTitle || (lines.length === 1 && isHeading(first))) {
      title ??= first.trim();
      builder.heading(first);
      addBlocks(lines.slice(isUnderlined ? 2 : 1), builder.block);
    } else {
      addBlocks(lines, builder.block);
    }
  }
  return { title, format: 'text', pages: null, sections: builder.sections() };
}

/** Each list item is a block; the other lines of a paragraph belong together. */
function addBlocks(lines: readonly string[], block: (text: string) => void): void {
  let current: string[] = [];
  for (const line of lines) {
    if (underline.test(line)) continue;
    if (listItem.test(line) && current.length > 0) {
      block(current.join(' '));
      current = [];
    }
    current.push(current.length === 0 ? line.replace(listItem, '') : line);
  }
  block(current.join(' '));
}

function isShort(line: string): boolean {
  const length = line.trim().length;
  return length > 0 && length <= longestHeading;
}

function isTitleLike(line: string): boolean {
  return isShort(line) && /\p{L}/u.test(line) && !/[.!?,;:]\s*$/.test(line);
}

function isHeading(line: string): boolean {
  if (!isTitleLike(line)) return false;
  const isCapitals = line === line.toUpperCase() && line !== line.toLowerCase() && /\p{L}{3}/u.test(line);
  return isCapitals || numberedHeading.test(line.trim());
}
