import { type BlockTextBuilder, type ConvertOptions, convert, type Formatter } from 'html-to-text';
import type { ReadDocument } from './documentTypes.ts';
import { oneLine, sectionBuilder } from './sectionBuilder.ts';

// Private-use characters that mark in the plain text what was a heading; taken out of the document itself first.
const titleMark = '\ue000';
const headingMark = '\ue001';
const marks = /[\ue000\ue001]/g;

/** Starts a paragraph of its own, after a mark. */
const block =
  (mark: string): Formatter =>
  (element, walk, builder: BlockTextBuilder) => {
    builder.openBlock({ leadingLineBreaks: 2 });
    if (mark !== '') builder.addLiteral(mark);
    walk(element.children, builder);
    builder.closeBlock({ trailingLineBreaks: 2 });
  };

/** Parts the cells of a row. */
const cell: Formatter = (element, walk, builder) => {
  walk(element.children, builder);
  builder.addLiteral(', ');
};

const select = (format: string, ...selectors: readonly string[]) =>
  selectors.map(selector => ({ selector, format }));

const options: ConvertOptions = {
  wordwrap: false,
  // None: the whole document is read, whether or not it was written with <head> and <body>.
  baseElements: { selectors: [] },
  // Deeper than any page that people wrote; without it, a page made of nothing but "<b>" would exhaust the stack.
  limits: { maxDepth: 500, ellipsis: '', maxInputLength: undefined },
  formatters: { title: block(titleMark), heading: block(headingMark), paragraph: block(''), cell },
  selectors: [
    ...select('title', 'title'),
    ...select('heading', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6'),
    ...select('paragraph', 'p', 'li', 'dt', 'dd', 'div', 'section', 'article', 'blockquote'),
    ...select(
      'paragraph',
      'figcaption',
      'caption',
      'main',
      'header',
      'ul',
      'ol',
      'dl',
      'table',
      'tr',
      'address',
    ),
    ...select('inline', 'a'),
    ...select('cell', 'td', 'th'),
    ...select(
      'skip',
      'script',
      'style',
      'template',
      'noscript',
      'nav',
      'footer',
      'aside',
      'svg',
      'pre',
      'img',
    ),
    ...select('skip', 'button', 'select', 'textarea', 'iframe', 'object', 'hr'),
    ...select('skip', '[hidden]', '[aria-hidden=true]'),
  ],
};

/** Without the commas and spaces at its end. A pattern for that reads each of a run of commas in the middle again. */
function withoutEnd(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === ',' || text[end - 1]?.trim() === '')) end -= 1;
  return text.slice(0, end);
}

/** Reads the body of an HTML page: headings part its sections; navigation, scripts, code and forms are left out. */
export function readHtml(html: string): ReadDocument {
  const builder = sectionBuilder();
  let title: string | null = null;
  let firstHeading: string | null = null;
  for (const paragraph of convert(html.replace(marks, ''), options).split(/\n{2,}/)) {
    const text = oneLine(paragraph.replace(marks, ''));
    if (paragraph.startsWith(titleMark)) {
      title ??= text || null;
    } else if (paragraph.startsWith(headingMark)) {
      firstHeading ??= text || null;
      builder.heading(text);
    } else {
      builder.block(withoutEnd(text));
    }
  }
  return { title: title ?? firstHeading, format: 'html', pages: null, sections: builder.sections() };
}
