import { describe, expect, it } from 'vitest';
import { readHtml } from './readHtml.ts';
import { readMarkdown } from './readMarkdown.ts';
import { readText } from './readText.ts';

describe('readText', () => {
  it('finds underlined, capital and numbered headings', () => {
    const { title, sections } = readText(
      'A study\n\nIntro line one\nline two.\n\nMethod\n======\nWe looked.\n\nRESULTS\n\n- one\n- two\n  goes on\n\n2.1 More results\n\nThe end.',
    );
    expect(title).toBe('A study');
    expect(sections).toEqual([
      { title: 'A study', blocks: ['Intro line one line two.'] },
      { title: 'Method', blocks: ['We looked.'] },
      { title: 'RESULTS', blocks: ['one', 'two goes on'] },
      { title: '2.1 More results', blocks: ['The end.'] },
    ]);
  });

  it('has one section without headings, and none without text', () => {
    expect(readText('Just a sentence.')).toMatchObject({
      title: null,
      sections: [{ title: null, blocks: ['Just a sentence.'] }],
    });
    expect(readText(' \n\n \n').sections).toEqual([]);
  });
});

describe('readMarkdown', () => {
  it('reads prose, lists, quotes and tables, not code or HTML', () => {
    const { title, sections } = readMarkdown(
      'Before.\n\n# The *title*\n\nA [link](https://x.example) and `code`.  \nNext line.\n\n```js\nsecret();\n```\n\n<div>tag</div>\n\n> Quoted.\n\n1. First\n   - Nested\n\n## Table\n\n| A | B |\n|---|:-:|\n| 1 | two |\n',
    );
    expect(title).toBe('The title');
    expect(sections).toEqual([
      { title: null, blocks: ['Before.'] },
      { title: 'The title', blocks: ['A link and code. Next line.', 'Quoted.', 'First', 'Nested'] },
      { title: 'Table', blocks: ['A, B', '1, two'] },
    ]);
  });

  it('takes the title from front matter and does not read it as text', () => {
    const { title, sections } = readMarkdown(
      '---\ntitle: "From above"\ndraft: true\n---\n# Below\n\nText.\n',
    );
    expect(title).toBe('From above');
    expect(sections).toEqual([{ title: 'Below', blocks: ['Text.'] }]);
  });

  it('reads a long book in parts without losing or tearing anything', () => {
    const chapter = (n: number) =>
      `# Chapter ${n}\n\n${`Sentence of ${n}. `.repeat(300)}\n\n~~~\n# no heading\n~~~\n\nEnd of ${n}.\n`;
    const { sections } = readMarkdown(Array.from({ length: 80 }, (_, n) => chapter(n)).join('\n'));
    expect(sections.map(section => section.title)).toEqual(
      Array.from({ length: 80 }, (_, n) => `Chapter ${n}`),
    );
    expect(sections.every(({ blocks }, n) => blocks.length === 2 && blocks[1] === `End of ${n}.`)).toBe(true);
  });
});

describe('readHtml', () => {
  it('reads fragments as well as whole pages', () => {
    expect(readHtml('<title>T</title><h2>H</h2>One<br>two<p>three')).toEqual({
      title: 'T',
      format: 'html',
      pages: null,
      sections: [{ title: 'H', blocks: ['One two', 'three'] }],
    });
  });

  it('is not fooled by its own marks in the page', () => {
    const { title, sections } = readHtml('<p>\ue000Not a title</p><p>\ue001Not a heading</p>');
    expect(title).toBeNull();
    expect(sections).toEqual([{ title: null, blocks: ['Not a title', 'Not a heading'] }]);
  });

  it('reads a page that is nested without measure', () => {
    expect(readHtml(`${'<b>'.repeat(5_000)}deep${'</b>'.repeat(5_000)}<p>shallow</p>`).sections).toEqual([
      { title: null, blocks: ['shallow'] },
    ]);
  });
});
