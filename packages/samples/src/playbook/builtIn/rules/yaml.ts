import { entriesOf } from '../playbookModel.ts';
import type { Rule } from '../rule.ts';

// One mistake makes many more errors behind it.
const maxErrors = 5;

export const yamlSyntax: Rule = {
  id: 'load-failure[yaml]',
  severity: 'error',
  docs: 'The file is no valid YAML, so Ansible cannot read it.',
  scope: 'playbook',
  check: ({ yamlErrors }) =>
    yamlErrors.slice(0, maxErrors).map(({ message, pos }) => ({
      offset: pos[0],
      message: /call stack/i.test(message) ? 'The YAML is nested far too deep.' : message,
    })),
};

export const duplicateKeys: Rule = {
  id: 'yaml[key-duplicates]',
  severity: 'error',
  docs: 'A key is in one mapping twice. Ansible silently takes the last one: remove one.',
  scope: 'playbook',
  check: ({ mappings }) =>
    mappings.flatMap(mapping => {
      const seen = new Set<string>();
      return entriesOf(mapping).flatMap(({ key, offset }) => {
        if (!seen.has(key)) {
          seen.add(key);
          return [];
        }
        return [{ offset, message: `The key "${key}" is here for the second time.` }];
      });
    }),
};

const truthyWord = /^(yes|no|on|off|true|false)$/i;

export const truthy: Rule = {
  id: 'yaml[truthy]',
  severity: 'warning',
  docs: 'A word that YAML 1.1 takes for a boolean and YAML 1.2 for a text. Write true or false, or quote it.',
  scope: 'playbook',
  check: ({ values }) =>
    values.flatMap(({ type, source = '', range }) => {
      if (type !== 'PLAIN' || !truthyWord.test(source) || source === 'true' || source === 'false') return [];
      return [{ offset: range?.[0] ?? 0, message: `Write true or false instead of ${source}, or quote it.` }];
    }),
};

export const tabs: Rule = {
  id: 'no-tabs',
  severity: 'warning',
  docs: 'A tab. YAML refuses tabs as indentation, and elsewhere their width is not visible: use spaces.',
  scope: 'playbook',
  check: ({ lines, lineCounter }) =>
    lines.flatMap((line, index) => {
      const at = line.trimEnd().indexOf('\t');
      if (at < 0) return [];
      return [{ offset: (lineCounter.lineStarts[index] ?? 0) + at, message: 'A tab: use spaces.' }];
    }),
};

export const trailingSpaces: Rule = {
  id: 'yaml[trailing-spaces]',
  severity: 'info',
  docs: 'Spaces at the end of a line. Remove them.',
  scope: 'playbook',
  check: ({ lines, lineCounter }) =>
    lines.flatMap((line, index) => {
      const end = line.trimEnd().length;
      if (end === line.length) return [];
      return [
        { offset: (lineCounter.lineStarts[index] ?? 0) + end, message: 'Spaces at the end of the line.' },
      ];
    }),
};

const maxChars = 160;

export const lineLength: Rule = {
  id: 'yaml[line-length]',
  severity: 'info',
  docs: 'A line of more than 160 characters. Break it with ">-" or "|".',
  scope: 'playbook',
  check: ({ lines, lineCounter }) =>
    lines.flatMap((line, index) => {
      if (line.length <= maxChars) return [];
      const offset = (lineCounter.lineStarts[index] ?? 0) + maxChars;
      return [{ offset, message: `The line has ${line.length} characters, more than ${maxChars}.` }];
    }),
};

export const newLineAtEnd: Rule = {
  id: 'yaml[new-line-at-end-of-file]',
  severity: 'info',
  docs: 'The last line does not end. End it, so that tools can append to the file.',
  scope: 'playbook',
  check: ({ text }) =>
    text.endsWith('\n') ? [] : [{ offset: text.length, message: 'No line break at the end.' }],
};
