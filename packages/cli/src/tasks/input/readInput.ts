import { readFile } from 'node:fs/promises';
import { UsageError } from '../../output/usageError.ts';
import { inputOfFlags, type JsonSchema } from './schemaFlags.ts';

/**
 * Reads the input of a start from what follows the task type: one argument (JSON, `@FILE`, or `-` for standard input), or
 * flags that are named like the fields of the schema, or nothing.
 *
 * @param schema asked for only where there are flags
 * @throws UsageError
 */
export async function readInput(
  args: readonly string[],
  schema: () => Promise<JsonSchema>,
): Promise<unknown> {
  const [first, ...rest] = args;
  if (first === undefined) return undefined;
  if (first.startsWith('--')) return inputOfFlags(args, await schema());
  if (rest.length > 0)
    throw new UsageError(
      `The input is one argument, and after it comes "${rest[0]}". Quote the JSON, or give all fields as flags.`,
    );
  if (first === '-') return parseJson(await readStandardInput(), 'Standard input');
  if (first.startsWith('@')) return parseJson(await readNamed(first.slice(1)), first.slice(1));
  return parseJson(first, 'The input');
}

/** All of standard input. */
export async function readStandardInput(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk;
  return text;
}

async function readNamed(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      `The input cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(
      `${what} is not JSON: ${error instanceof Error ? error.message : String(error)}. Write it like '{"name":"value"}', or @FILE, or - for standard input.`,
    );
  }
}
