import { styleText } from 'node:util';
import type { Fault } from './describeFault.ts';
import { lineText, terminalText } from './terminalText.ts';

/** Flags of every command that answers something. */
export type OutputFlags = { readonly json?: true | undefined };

/** Writes a line of the answer: standard output has nothing else. Answers what a command answers that is done. */
export function print(line: string): undefined {
  process.stdout.write(`${line}\n`);
}

/** Writes a remark beside the answer. */
export function remark(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Writes a value as JSON: over several lines for people, on one line for programs that read a stream of them. */
export function printJson(value: unknown): undefined {
  print(JSON.stringify(value, null, 2));
}

/** Writes a value as one line of JSON. */
export function printJsonLine(value: unknown): void {
  print(JSON.stringify(value));
}

/** A text in a colour where the stream has colours: not in a pipe, and not with `NO_COLOR`. */
export function styled(
  style: Parameters<typeof styleText>[0],
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  return styleText(style, text, { stream, validateStream: true });
}

/** Writes rows in columns as wide as their widest cell. The last column is not padded. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): undefined {
  const cells = [head, ...rows].map(row => row.map(cell => lineText(cell)));
  const widths = head.map((_name, column) => Math.max(...cells.map(row => (row[column] ?? '').length)));
  for (const [index, row] of cells.entries()) {
    const line = row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
    print(index === 0 ? styled('dim', line) : line);
  }
}

/** Writes what went wrong: as JSON where the answer would be JSON. */
export function reportFault(fault: Fault, { json }: OutputFlags): void {
  if (json) {
    process.stderr.write(`${JSON.stringify({ error: fault })}\n`);
    return;
  }
  const { code, message, advice, issues = [] } = fault;
  const named = code === 'USAGE' || code === 'UNKNOWN' ? message : `${code}: ${message}`;
  remark(`${styled('red', 'error', process.stderr)}  ${terminalText(named)}`);
  for (const { path, message: what } of issues)
    remark(`       ${terminalText(path.join('.') || 'the input')}: ${terminalText(what)}`);
  if (advice !== undefined) remark(`       ${advice}`);
}
