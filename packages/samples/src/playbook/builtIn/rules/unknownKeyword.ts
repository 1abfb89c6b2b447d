import { importKeywords, playKeywords, taskKeywords } from '../keywords.ts';
import { shortModuleName } from '../moduleNames.ts';
import type { Rule } from '../rule.ts';

export const unknownKeyword: Rule = {
  id: 'syntax-check[unknown-keyword]',
  severity: 'error',
  docs: 'A word that Ansible does not know in a play, or beside import_playbook. Mend it or remove it.',
  scope: 'play',
  check: play => {
    const known = play.isImport ? importKeywords : playKeywords;
    return play.entries
      .filter(({ key }) => !known.has(key) && shortModuleName(key) !== 'import_playbook' && key !== '<<')
      .map(({ key, offset }) => ({
        offset,
        message: taskKeywords.has(key)
          ? `"${key}" belongs to a task, not to a play.`
          : `"${key}" is no keyword of ${play.isImport ? 'import_playbook' : 'a play'}.`,
      }));
  },
};
