import type { ExecResult } from '@longhaul/executor';

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
  // whisper.cpp writes "error: failed to read audio file" and goes on to exit code 0.
  if (text === '' && /^\s*error:/im.test(result.stderr)) return { error: lastWords };
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
