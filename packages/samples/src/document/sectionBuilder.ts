import type { Section } from './documentTypes.ts';

/** Collects headings and blocks in reading order into sections. A heading with nothing under it makes no section. */
export type SectionBuilder = {
  readonly heading: (title: string) => void;
  readonly block: (text: string) => void;
  readonly sections: () => readonly Section[];
};

export function sectionBuilder(): SectionBuilder {
  const done: Section[] = [];
  let title: string | null = null;
  let blocks: string[] = [];
  const close = () => {
    if (blocks.length > 0) done.push({ title, blocks });
    blocks = [];
  };
  return {
    heading: text => {
      close();
      title = oneLine(text) || null;
    },
    block: text => {
      const line = oneLine(text);
      if (line !== '') blocks.push(line);
    },
    sections: () => {
      close();
      return done;
    },
  };
}

/** Text with every run of white space made one space. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
