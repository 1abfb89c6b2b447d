import { z } from 'zod';
import type { TaskDefinition } from '../contract/taskDefinition.ts';
import { GatewayError, type GatewayErrorCode, type InputIssue } from './errorCatalogue.ts';

/** The faults that zod found, with paths as JSON has them. */
export function issuesOf(error: z.ZodError): InputIssue[] {
  return error.issues.map(({ path, message, code }) => ({
    path: path.map(key => (typeof key === 'symbol' ? String(key) : key)),
    message,
    code,
  }));
}

/** An error that names each fault, and its path, in words and as data. */
export function faultsError(code: GatewayErrorCode, what: string, error: z.ZodError): GatewayError {
  return new GatewayError(code, `${what}\n${z.prettifyError(error)}`, {
    issues: issuesOf(error),
    cause: error,
  });
}

/**
 * Checks a task's input before anything is written. What is sent on is the raw JSON: the executor parses it, and
 * parsing twice would break schemas that transform.
 * @throws GatewayError INVALID_INPUT
 */
export async function validateInput(name: string, definition: TaskDefinition, input: unknown): Promise<void> {
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
}
