import type { Nodes, PhrasingContent } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { toString as plainText } from 'mdast-util-to-string';
import type { ReadDocument } from './documentTypes.ts';
import { oneLine, type SectionBuilder, sectionBuilder } from './sectionBuilder.ts';

const frontMatter = /^---\n([\s\S]*?)\n(?:---|\.\.\.)(?:\n|$)/;
const tableRule = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

/** The parser's time grows with the square of a long text's: a book is parsed in parts. */
const longestPart = 100_000;

/** Reads Markdown: headings part its sections; code, HTML and link targets are left out, tables are read by row. */
export function readMarkdown(markdown: string): ReadDocument {
  const matter = frontMatter.exec(markdown);
  const builder = sectionBuilder();
  let title = titleOf(matter?.[1]);
  for (const part of parts(matter ? markdown.slice(matter[0].length) : markdown)) {
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

function titleOf(matter: string | undefined): string | undefined {
  return /^title:[ \t]*(["']?)(.+?)\1[ \t]*$/m.exec(matter ?? '')?.[2];
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
  if (!lines[1]?.includes('|') || !tableRule.test(lines[1])) return [paragraph];
  return lines
    .filter((_, index) => index !== 1)
    .map(line => line.replace(/^\s*\||\|\s*$/g, '').replace(/\s*\|\s*/g, ', '));
}
