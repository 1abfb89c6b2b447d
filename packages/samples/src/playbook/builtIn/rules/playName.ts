import { entryOf } from '../playbookModel.ts';
import type { Rule } from '../rule.ts';

export const playName: Rule = {
  id: 'name[play]',
  severity: 'warning',
  docs: 'A play without a name. Names tell whoever reads the log what is being done.',
  scope: 'play',
  check: play =>
    play.isImport || entryOf(play, 'name') ? [] : [{ offset: play.offset, message: 'Give the play a name.' }],
};
