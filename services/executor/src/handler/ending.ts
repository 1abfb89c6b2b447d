import { TaskCanceledError, type TaskDefinition, TaskFailedError } from '@longhaul/proto';
import {
  type Failure,
  failureLimits,
  failureSchema,
  inlineLimitBytes,
  isBuiltInFailureCode,
  type RetryAdvice,
} from '@longhaul/proto/wire';
import { z } from 'zod';
import { describeThrown, messageOf } from '../failure/describeThrown.ts';
import { plainJson } from '../failure/plainJson.ts';
import { cleanText, isInstance, readProperty } from '../failure/safeRead.ts';
import type { AttemptAborted } from './abort.ts';
import { jsonBytes } from './checkProgress.ts';
import { AdvisedError, adviceSchema, TaskError, TaskFault } from './handlerErrors.ts';

/** How an attempt ended, before it is settled. */
export type Ending =
  /** `large`: too large for an event. */
  | { readonly kind: 'completed'; readonly output: unknown; readonly large?: true }
  | { readonly kind: 'failed'; readonly error: Failure; readonly advice?: RetryAdvice }
  | { readonly kind: 'canceled'; readonly handlerStillRunning: boolean }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'released' };

/** The end of an attempt that failed. */
export type FailedEnding = Extract<Ending, { kind: 'failed' }>;
type CompletedOrFailed = Extract<Ending, { kind: 'completed' | 'failed' }>;

/** An ending as another thread has sent it. */
export const sentEndingSchema: z.ZodType<CompletedOrFailed> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('completed'), output: z.unknown(), large: z.literal(true).exactOptional() }),
  z.object({ kind: z.literal('failed'), error: failureSchema, advice: adviceSchema.exactOptional() }),
]);

/** The input as the handler gets it, or how the attempt ends since the input does not fit. */
export type ParsedInput =
  | { readonly ok: true; readonly input: unknown }
  | { readonly ok: false; readonly ending: Ending };

/** Parses the JSON of a request by its definition. In the handler's thread, since a transform may return any value. */
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

/** How large the data of a declared error may be: the record holds it twice, beside input and progress. */
export const errorDataLimitBytes = 64 * 1024;

/**
 * Checks what a handler returned: it must fit the output schema, and be JSON. Synchronously, as the gateway checks it for
 * each reader: so a schema with asynchronous refinements fails here, where the handler's author sees it.
 */
export async function endingOfOutput(
  definition: TaskDefinition,
  returned: unknown,
): Promise<CompletedOrFailed> {
  try {
    const parsed = definition.output.safeParse(returned);
    if (!parsed.success)
      return failed(
        'INVALID_OUTPUT',
        `The handler's output does not fit its schema:\n${z.prettifyError(parsed.error)}`,
      );
    // A copy: so what is written later is what was checked, and no code of the handler's values runs then.
    const output = plainJson(parsed.data);
    const isLarge = jsonBytes(output) > inlineLimitBytes;
    return { kind: 'completed', output, ...(isLarge ? { large: true } : {}) };
  } catch (error) {
    // The schema threw, or accepted a value that JSON cannot hold (a Map, a bigint, a circle).
    return failed('INVALID_OUTPUT', `The handler's output cannot be written as JSON: ${messageOf(error)}`);
  }
}

/** How many nested marks of `doNotRetry` and `retryAfter` around one error are read. */
const advicesRead = 8;

/**
 * Turns what a handler threw, whatever it is, into the failure that its callers see: a declared error keeps its code
 * and data. Never throws, and no code of the thrown value can throw into it.
 */
export async function endingOfError(definition: TaskDefinition, thrown: unknown): Promise<FailedEnding> {
  let error = thrown;
  let advice: RetryAdvice | undefined;
  for (let read = 0; read < advicesRead && isInstance(error, AdvisedError); read += 1) {
    // The outermost advice counts: it was given last.
    advice ??= adviceSchema.safeParse(readProperty(error, 'advice')).data;
    error = readProperty(error, 'cause');
  }
  const failure = failureOf(definition, error);
  return { kind: 'failed', error: failure, ...(advice ? { advice } : {}) };
}

function failureOf(definition: TaskDefinition, error: unknown): Failure {
  const thrown = describeThrown(error);
  const as = (code: TaskFault['code'], message: string): Failure => ({
    ...thrown,
    code,
    message: cleanText(message, failureLimits.messageChars),
  });
  const code = readProperty(error, 'code');
  if (isInstance(error, TaskFault)) {
    // Thrown by Longhaul: its stack would add nothing to its message.
    return isOwnCode(code) ? { code, message: thrown.message } : as('HANDLER_ERROR', thrown.message);
  }
  if (isInstance(error, TaskFailedError) || isInstance(error, TaskCanceledError)) {
    const id = readProperty(error, 'taskId');
    return as('HANDLER_ERROR', `The child task ${String(id)} did not complete. ${thrown.message}`);
  }
  if (!isInstance(error, TaskError)) return as('HANDLER_ERROR', thrown.message);
  if (typeof code !== 'string' || !Object.hasOwn(definition.errors, code)) {
    return as('HANDLER_ERROR', `${String(code)} (not declared by the task): ${thrown.message}`);
  }
  const schema = definition.errors[code];
  try {
    const data = schema?.safeParse(readProperty(error, 'data') ?? {});
    if (!data?.success) {
      const why = data ? z.prettifyError(data.error) : '';
      return as('INVALID_ERROR_DATA', `The data of ${code} does not fit its schema:\n${why}`);
    }
    const written = plainJson(data.data);
    const bytes = jsonBytes(written);
    if (bytes > errorDataLimitBytes) {
      return as(
        'INVALID_ERROR_DATA',
        `The data of ${code} has ${bytes} bytes, more than ${errorDataLimitBytes}: report less. ${thrown.message}`,
      );
    }
    return { ...thrown, code, data: written };
  } catch (cause) {
    return as('INVALID_ERROR_DATA', `The data of ${code} cannot be written as JSON: ${messageOf(cause)}`);
  }
}

/** How an aborted attempt ends, whatever its handler returned or threw afterwards. */
export function endingOfAbort(reason: AttemptAborted, handlerStillRunning: boolean): Ending {
  switch (reason.code) {
    case 'CANCELED':
      return { kind: 'canceled', handlerStillRunning };
    case 'TIMEOUT':
    case 'TASK_TIMEOUT':
      return failed(
        reason.code,
        handlerStillRunning
          ? `${reason.message} Its handler ignores the signal and is still running.`
          : reason.message,
      );
    case 'SUPERSEDED':
      return { kind: 'superseded' };
    case 'RELEASED':
    case 'CUT_OFF':
      return { kind: 'released' };
  }
}

/** A failure with one of Longhaul's own codes. */
export function failed(code: TaskFault['code'], message: string): FailedEnding {
  return { kind: 'failed', error: { code, message: cleanText(message, failureLimits.messageChars) } };
}

function isOwnCode(code: unknown): code is TaskFault['code'] {
  return typeof code === 'string' && isBuiltInFailureCode(code);
}
