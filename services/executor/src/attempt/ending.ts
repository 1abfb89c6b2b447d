import { inspect } from 'node:util';
import {
  type Failure,
  inlineLimitBytes,
  type RetryAdvice,
  TaskCanceledError,
  type TaskDefinition,
  TaskFailedError,
} from '@longhaul/proto';
import { jsonBytes } from '../handler/jsonBytes.ts';
import { AdvisedError } from '../handler/retryAdvice.ts';
import { TaskError } from '../handler/taskError.ts';
import { TaskFault } from '../handler/taskFault.ts';
import type { AttemptAborted } from './abortReasons.ts';

/** How an attempt ended. `superseded` and `handedBack` leave nothing in the chain. */
export type Ending =
  /** `large`: too large for an event. */
  | { readonly kind: 'completed'; readonly output: unknown; readonly large?: true }
  | { readonly kind: 'failed'; readonly error: Failure; readonly advice?: RetryAdvice }
  | { readonly kind: 'canceled'; readonly handlerStillRunning: boolean }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'handedBack' };

/** How long the message of a failure may be; the rest is cut off. A failure must fit its event and the record. */
export const failureMessageChars = 8_192;
/** How large the data of a declared error may be: the record holds it twice, beside input and progress. */
export const errorDataLimitBytes = 64 * 1024;

/**
 * Checks what a handler returned: it must fit the output schema, and be JSON. Without waiting, as the gateway does
 * it for each reader: a schema with asynchronous refinements throws, here where the handler's author sees it.
 */
export async function endingOfOutput(definition: TaskDefinition, output: unknown): Promise<Ending> {
  try {
    const parsed = definition.output.safeParse(output);
    if (!parsed.success) {
      return failed(
        'INVALID_OUTPUT',
        `The handler's output does not fit its schema: ${parsed.error.message}`,
      );
    }
    const isLarge = jsonBytes(parsed.data) > inlineLimitBytes;
    return { kind: 'completed', output: parsed.data, ...(isLarge ? { large: true } : {}) };
  } catch (error) {
    // The schema threw, or let something through that JSON cannot hold (a bigint, a circle).
    return failed('INVALID_OUTPUT', `The handler's output cannot be written: ${messageOf(error)}`);
  }
}

/** Turns what a handler threw into the failure that its callers see: a declared error keeps its code and data. */
export async function endingOfError(definition: TaskDefinition, error: unknown): Promise<Ending> {
  if (error instanceof AdvisedError) {
    const ending = await endingOfError(definition, error.cause);
    return ending.kind === 'failed' ? { ...ending, advice: error.advice } : ending;
  }
  if (error instanceof TaskFault) return failed(error.code, error.message);
  if (error instanceof TaskFailedError || error instanceof TaskCanceledError)
    return failed('HANDLER_ERROR', `The child task ${error.taskId} did not complete. ${error.message}`);
  if (!(error instanceof TaskError)) return failed('HANDLER_ERROR', messageOf(error));
  const { code, message } = error;
  const schema = Object.hasOwn(definition.errors, code) ? definition.errors[code] : undefined;
  if (!schema) return failed('HANDLER_ERROR', `${code} (not declared by the task): ${message}`);
  try {
    const data = schema.safeParse(error.data ?? {});
    if (!data.success) {
      return failed(
        'INVALID_ERROR_DATA',
        `The data of ${code} does not fit its schema: ${data.error.message}`,
      );
    }
    const bytes = jsonBytes(data.data);
    if (bytes > errorDataLimitBytes) {
      return failed(
        'INVALID_ERROR_DATA',
        `The data of ${code} has ${bytes} bytes, more than ${errorDataLimitBytes}: report less. ${message}`,
      );
    }
    return { kind: 'failed', error: { code, message: cut(message), data: data.data } };
  } catch (cause) {
    return failed('INVALID_ERROR_DATA', `The data of ${code} cannot be written: ${messageOf(cause)}`);
  }
}

/** What an aborted attempt ends with, whatever its handler returned or threw afterwards. */
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
    case 'HANDED_BACK':
      return { kind: 'handedBack' };
  }
}

/** A failure with one of Longhaul's own codes. */
export function failed(code: TaskFault['code'], message: string): Ending {
  return { kind: 'failed', error: { code, message: cut(message) } };
}

/** What was thrown, in words: anything can be. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  return typeof thrown === 'string' ? thrown : inspect(thrown);
}

function cut(message: string): string {
  return message.length > failureMessageChars ? `${message.slice(0, failureMessageChars)}…` : message;
}
