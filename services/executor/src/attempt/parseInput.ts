import type { TaskDefinition } from '@longhaul/proto';
import { z } from 'zod';
import { messageOf } from '../failure/describeThrown.ts';
import { type Ending, failed } from './ending.ts';

/** The input of a task as its handler gets it, or the end of a task whose input does not fit. */
export type ParsedInput =
  | { readonly ok: true; readonly input: unknown }
  | { readonly ok: false; readonly ending: Ending };

/** Parses the JSON of a request by its definition, where the handler runs: a transform may make anything of it. */
export async function parseInput(definition: TaskDefinition, json: unknown): Promise<ParsedInput> {
  try {
    const parsed = await definition.input.safeParseAsync(json);
    if (parsed.success) return { ok: true, input: parsed.data };
    return invalid(`The input does not fit the executor's schema:\n${z.prettifyError(parsed.error)}`);
  } catch (error) {
    // A transform of the schema threw.
    return invalid(`The input cannot be parsed by the executor's schema: ${messageOf(error)}`);
  }
}

function invalid(message: string): ParsedInput {
  return { ok: false, ending: failed('INVALID_INPUT', message) };
}
