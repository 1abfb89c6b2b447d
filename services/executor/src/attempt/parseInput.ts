import type { TaskDefinition } from '@longhaul/proto';
import { type Ending, failed, messageOf } from './ending.ts';

/** The input of a task as its handler gets it, or the end of a task whose input does not fit. */
export type ParsedInput =
  | { readonly ok: true; readonly input: unknown }
  | { readonly ok: false; readonly ending: Ending };

/** Parses the JSON of a request by its definition, where the handler runs: a transform may make anything of it. */
export async function parseInput(definition: TaskDefinition, json: unknown): Promise<ParsedInput> {
  // A transform of the schema may throw.
  const parsed = await definition.input.safeParseAsync(json).catch(messageOf);
  if (typeof parsed === 'string') return { ok: false, ending: failed('INVALID_INPUT', parsed) };
  if (!parsed.success) return { ok: false, ending: failed('INVALID_INPUT', parsed.error.message) };
  return { ok: true, input: parsed.data };
}
