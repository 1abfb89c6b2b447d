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
