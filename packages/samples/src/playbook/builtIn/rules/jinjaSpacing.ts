import type { Rule } from '../rule.ts';

// Ordinary expressions only: `{{-` and `{{"` are somebody's intention.
const tight = /\{\{[^\s{"'-]|[^\s}"'-]\}\}/g;

export const jinjaSpacing: Rule = {
  id: 'jinja[spacing]',
  severity: 'info',
  docs: 'A template without spaces inside its braces. Write {{ name }}.',
  scope: 'playbook',
  check: ({ values, text }) =>
    values.flatMap(({ range }) => {
      const [start, end] = [range?.[0] ?? 0, range?.[1] ?? 0];
      // On the text itself, so that offsets are right in blocks and quoted texts too.
      const [first] = text.slice(start, end).matchAll(tight);
      return first
        ? [{ offset: start + first.index, message: 'Put spaces inside the braces: {{ name }}.' }]
        : [];
    }),
};
