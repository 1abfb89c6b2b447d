import type { Nodes, PhrasingContent } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { toString as plainText } from 'mdast-util-to-string';
import type { ReadDocument } from './documentTypes.ts';
import { oneLine, type SectionBuilder, sectionBuilder } from './sectionBuilder.ts';

const frontMatter = /^---\n([\s\S]*?)\n(?:---|\.\.\.)(?:\n|$)/;
const tableRule = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

/** The parser's time grows with the square of a long text's: a book is parsed in parts. */
const longestPart = 20_000;
/** Deeper than anybody quotes or lists; the parser's time grows with the square of the depth. */
const deepContainers = /^[>\-*+ \t]{65,}(?=[^>\-*+\s])/gm;
/** A longer line is no rule of a table, and only long to test. */
const longestRule = 2_000;
const longestMatter = 10_000;

/** Reads Markdown: headings part its sections; code, HTML and link targets are left out, tables are read by row. */
export function readMarkdown(markdown: string): ReadDocument {
  const matter = frontMatter.exec(markdown);
  const builder = sectionBuilder();
  let title = titleOf(matter?.[1]?.slice(0, longestMatter));
  const text = (matter ? markdown.slice(matter[0].length) : markdown).replace(deepContainers, '');
  for (const part of [...parts(text)].flatMap(cut)) {
    for (const node of fromMarkdown(part).children) {
      if (node.type === 'heading') title ??= oneLine(phrasing(node.children));
      addNode(node, builder);
    }
  }
  return { title: title || null, format: 'markdown', pages: null, sections: builder.sections() };
}

/** Parts a long text before headings that do not stand in fenced code. */
function* parts(markdown: string): Generator<string> {
  let start = 0;
  let fence = '';
  for (const { 0: line, 1: opening = '', index } of markdown.matchAll(
    /^ {0,3}(?:(`{3,}|~{3,})|#{1,6}[ \t]).*$/gm,
  )) {
    if (fence !== '') {
      if (opening.startsWith(fence) && line.trim() === opening) fence = '';
    } else if (opening !== '') {
      fence = opening;
    } else if (index - start >= longestPart) {
      yield markdown.slice(start, index);
      start = index;
    }
  }
  yield markdown.slice(start);
}

/** Without a heading for long: at the end of a paragraph or line, or else anywhere. */
function cut(part: string): readonly string[] {
  const pieces: string[] = [];
  let start = 0;
  while (part.length - start > 2 * longestPart) {
    const window = part.slice(start, start + longestPart);
    const end = start + (window.lastIndexOf('\n\n') + 1 || window.lastIndexOf('\n') + 1 || longestPart);
    pieces.push(part.slice(start, end));
    start = end;
  }
  pieces.push(part.slice(start));
  return pieces;
}

function titleOf(matter: string | undefined): string | undefined {
  return /^title:[ \t]*(["']?)(.+?)\1$/m.exec(
    matter
      ?.replace(/[ \t]+/g, ' ')
      .replaceAll(' \n', '\n')
      .trimEnd() ?? '',
  )?.[2];
}

function addNode(node: Nodes, builder: SectionBuilder): void {
  switch (node.type) {
    case 'heading':
      builder.heading(phrasing(node.children));
      return;
    case 'paragraph':
      for (const block of rows(phrasing(node.children))) builder.block(block);
      return;
    case 'list':
    case 'listItem':
    case 'blockquote':
      for (const child of node.children) addNode(child, builder);
      return;
    default:
      // Code, HTML, rules and definitions: nothing that is read as prose.
      return;
  }
}

function phrasing(children: readonly PhrasingContent[]): string {
  const spaced = children.map(child => (child.type === 'break' ? { type: 'text', value: '\n' } : child));
  return plainText(spaced, { includeHtml: false });
}

/** CommonMark takes a table for a paragraph: told by the rule in its second line, each row becomes a block. */
function rows(paragraph: string): readonly string[] {
  const lines = paragraph.split('\n');
  const [, rule] = lines;
  if (!rule?.includes('|') || rule.length > longestRule || !tableRule.test(rule)) return [paragraph];
  return lines
    .filter((_, index) => index !== 1)
    .map(line => {
      const cells = line.split('|').map(cell => cell.trim());
      if (cells[0] === '') cells.shift();
      if (cells.at(-1) === '') cells.pop();
      return cells.join(', ');
    });
}
