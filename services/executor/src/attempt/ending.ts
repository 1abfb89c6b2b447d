import { encode } from '@longhaul/broker';
import { type Failure, payloadLimitBytes, type TaskDefinition } from '@longhaul/proto';
import { TaskError } from '../handler/taskError.ts';
import { TaskFault } from '../handler/taskFault.ts';
import type { AttemptAborted } from './abortReasons.ts';

/** How an attempt ended. `superseded` and `handedBack` leave nothing in the chain. */
export type Ending =
  | { readonly kind: 'completed'; readonly output: unknown }
  | { readonly kind: 'failed'; readonly error: Failure }
  | { readonly kind: 'canceled'; readonly handlerStillRunning: boolean }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'handedBack' };

/** Checks what a handler returned: it must fit the output schema, and one message. */
export async function endingOfOutput(definition: TaskDefinition, output: unknown): Promise<Ending> {
  const parsed = await definition.output.safeParseAsync(output);
  if (!parsed.success) {
    return failed('INVALID_OUTPUT', `The handler's output does not fit its schema: ${parsed.error.message}`);
  }
  const bytes = encode(parsed.data ?? null).length;
  if (bytes > payloadLimitBytes) {
    return failed(
      'OUTPUT_TOO_LARGE',
      `The output has ${bytes} bytes, more than ${payloadLimitBytes}: store it elsewhere and return a reference.`,
    );
  }
  return { kind: 'completed', output: parsed.data };
}

/** Turns what a handler threw into the failure that its callers see: a declared error keeps its code and data. */
export async function endingOfError(definition: TaskDefinition, error: unknown): Promise<Ending> {
  if (error instanceof TaskFault) return failed(error.code, error.message);
  if (!(error instanceof TaskError))
    return failed('HANDLER_ERROR', error instanceof Error ? error.message : String(error));
  const schema = definition.errors[error.code];
  if (!schema) return failed('HANDLER_ERROR', `${error.code} (not declared by the task): ${error.message}`);
  const data = await schema.safeParseAsync(error.data ?? {});
  if (!data.success) {
    return failed(
      'INVALID_ERROR_DATA',
      `The data of ${error.code} does not fit its schema: ${data.error.message}`,
    );
  }
  return { kind: 'failed', error: { code: error.code, message: error.message, data: data.data } };
}

/** What an aborted attempt ends with, whatever its handler returned or threw afterwards. */
export function endingOfAbort(reason: AttemptAborted, handlerStillRunning: boolean): Ending {
  switch (reason.code) {
    case 'CANCELED':
      return { kind: 'canceled', handlerStillRunning };
    case 'TIMEOUT':
      return failed(
        'TIMEOUT',
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

function failed(code: TaskFault['code'], message: string): Ending {
  return { kind: 'failed', error: { code, message } };
}
