import { stripVTControlCharacters } from 'node:util';

/** Characters that move the cursor, ring or hide text. Line breaks and tabs are none of them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** A text of somebody else, fit for a terminal: what a task wrote cannot steer it. */
export function terminalText(text: string): string {
  return stripVTControlCharacters(text).replaceAll(controls, '');
}

/** The same on one line. */
export function lineText(text: string): string {
  return terminalText(text).replaceAll(/\s+/g, ' ').trim();
}
