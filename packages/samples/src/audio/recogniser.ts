import type { ExecResult } from '@longhaul/executor';
import { parseCommandString } from 'execa';

/** A recogniser's command line without the file. */
export type RecogniserCommand = { readonly command: string; readonly args: readonly string[] };

const placeholder = '{file}';

/**
 * Splits a command line at its spaces (`\ ` is a space inside an argument); no shell ever reads it.
 *
 * @returns `undefined` for an empty one
 */
export function parseRecogniserCommand(commandLine: string): RecogniserCommand | undefined {
  const [command, ...args] = parseCommandString(commandLine);
  return command ? { command, args } : undefined;
}

/** The arguments for one file: `{file}` replaced wherever it stands, or the file appended when it stands nowhere. */
export function argsFor(recogniser: RecogniserCommand, file: string): string[] {
  if (!recogniser.args.some(arg => arg.includes(placeholder))) return [...recogniser.args, file];
  return recogniser.args.map(arg => arg.replaceAll(placeholder, () => file));
}

/** What came of one file. */
export type Recognised = { readonly text: string } | { readonly error: string };

const maxErrorChars = 300;

/** Reads a recogniser's end: its standard output is the text. */
export function recognised(result: ExecResult): Recognised {
  const text = result.stdout
    .split('\n')
    .map(line => line.trim())
    .join('\n')
    .trim();
  const lastWords = tailOf(result.stderr.trim() || text);
  if (result.exitCode !== 0)
    return { error: lastWords || `The recogniser ended with code ${result.exitCode}.` };
  // whisper.cpp writes "error: failed to read audio file" and still exits with code 0.
  // No line breaks before it: a pattern that goes over them takes time by the square of their number.
  if (text === '' && /^[ \t]*error:/im.test(result.stderr)) return { error: lastWords };
  return { text };
}

/** The percentage of a line such as `progress =  40%`, as whisper.cpp writes with `-pp`; else `undefined`. */
export function percentIn(line: string): number | undefined {
  const digits = /\bprogress\s*[=:]\s*(\d{1,3})(?:\.\d+)?\s*%/i.exec(line)?.[1];
  return digits === undefined ? undefined : Math.min(100, Number(digits));
}

/** The end of a text, where commands say what went wrong. */
function tailOf(text: string): string {
  return text.length <= maxErrorChars ? text : `…${text.slice(1 - maxErrorChars)}`;
}

/** A text that may have to be cut. */
export type CuttableText = { readonly text: string; readonly truncated: boolean };

/**
 * Cuts the longest texts so that all of them together take at most `maxBytes` bytes of UTF-8. Texts shorter than an
 * equal share stay whole.
 */
export function fitTexts<T extends CuttableText>(texts: readonly T[], maxBytes: number): T[] {
  const sizes = texts.map(({ text }) => Buffer.byteLength(text));
  const share = fairShare(sizes, maxBytes);
  return texts.map((item, index) =>
    (sizes[index] ?? 0) <= share ? item : { ...item, text: cutToBytes(item.text, share), truncated: true },
  );
}

/** The largest size at which everything fits when each larger one is cut down to it. */
function fairShare(sizes: readonly number[], total: number): number {
  let left = total;
  const ascending = [...sizes].sort((a, b) => a - b);
  for (const [index, size] of ascending.entries()) {
    const share = Math.floor(left / (ascending.length - index));
    if (size > share) return share;
    left -= size;
  }
  return Number.POSITIVE_INFINITY;
}

function cutToBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  let end = maxBytes;
  // A byte 10xxxxxx continues a character: never cut before it.
  while (end > 0 && ((bytes[end] ?? 0) & 0b1100_0000) === 0b1000_0000) end -= 1;
  return bytes.toString('utf8', 0, end);
}
