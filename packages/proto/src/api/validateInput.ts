import { z } from 'zod';
import type { TaskDefinition } from '../contract/taskDefinition.ts';
import { GatewayError, type GatewayErrorCode, type InputIssue } from './errorCatalogue.ts';

/** So many faults are named; a wide input can have one in each of its values. */
const issuesLimit = 100;
/** One fault can name every unknown member there is. */
const messageLimit = 2_000;
const textLimit = 20_000;

/** The faults that zod found, with paths as JSON has them. */
export function issuesOf(error: z.ZodError): InputIssue[] {
  return error.issues.slice(0, issuesLimit).map(({ path, message, code }) => ({
    path: path.map(key => (typeof key === 'symbol' ? String(key) : key)),
    message: cut(message, messageLimit),
    code,
  }));
}

/** An error that names each fault, and its path, in words and as data. */
export function faultsError(code: GatewayErrorCode, what: string, error: z.ZodError): GatewayError {
  return new GatewayError(code, `${what}\n${faultsText(error)}`, {
    issues: issuesOf(error),
    cause: error,
  });
}

/** The first faults in words. */
export function faultsText({ issues }: z.ZodError): string {
  const text = z.prettifyError(new z.ZodError(issues.slice(0, issuesLimit)));
  const shown = cut(text, textLimit);
  return issues.length > issuesLimit ? `${shown}\n… and ${issues.length - issuesLimit} more` : shown;
}

function cut(text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

/** How deep the values of an input may be nested: what walks it (`JSON.stringify` to begin with) has a stack. */
export const inputDepthLimit = 200;

/**
 * Refuses an input that is nested too deeply, before anything walks it by recursion.
 * @throws GatewayError INVALID_INPUT
 */
export function requireShallow(name: string, input: unknown): void {
  let level: object[] = isObject(input) ? [input] : [];
  // Level by level and not by recursion: the stack is what this protects.
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > inputDepthLimit) {
      const message = `It is nested more than ${inputDepthLimit} levels deep.`;
      throw new GatewayError('INVALID_INPUT', `The input of ${name} does not fit. ${message} Flatten it.`, {
        issues: [{ path: [], message, code: 'too_deep' }],
      });
    }
    const below: object[] = [];
    for (const value of level)
      for (const child of Array.isArray(value) ? (value as unknown[]) : Object.values(value))
        if (isObject(child)) below.push(child);
    level = below;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/**
 * Checks a task's input before anything is written. What is sent on is the raw JSON: the executor parses it, and
 * parsing twice would break schemas that transform.
 *
 * @returns the input as it was parsed, for the keys of limits
 * @throws GatewayError INVALID_INPUT
 */
export async function validateInput(
  name: string,
  definition: TaskDefinition,
  input: unknown,
): Promise<unknown> {
  requireShallow(name, input);
  const parsed = await definition.input.safeParseAsync(input).catch((cause: unknown) => {
    // A transform that throws instead of reporting: no path to name, but the input's fault all the same.
    throw new GatewayError(
      'INVALID_INPUT',
      `The input of ${name} does not fit its schema: it cannot be parsed.`,
      { cause },
    );
  });
  if (!parsed.success)
    throw faultsError('INVALID_INPUT', `The input of ${name} does not fit its schema:`, parsed.error);
  return parsed.data;
}
