import type { TaskDefinition } from '@longhaul/proto';
import { runChild } from '../handler/childProcess.ts';
import type { HandlerOutput } from '../handler/handlerOutput.ts';
import type { Handler, TaskContext } from '../handler/taskContext.ts';
import { TaskError } from '../handler/taskError.ts';
import { AttemptAborted } from './abortReasons.ts';
import { type Ending, endingOfAbort, endingOfError, endingOfOutput, failed, messageOf } from './ending.ts';

/** What one call of a handler needs. */
export type HandlerCall = {
  readonly definition: TaskDefinition;
  readonly handler: Handler<TaskDefinition>;
  readonly task: TaskContext['task'];
  readonly input: unknown;
  readonly attempt: number;
  readonly output: HandlerOutput<TaskDefinition>;
  /** Aborted with an {@link AttemptAborted}. */
  readonly signal: AbortSignal;
};

/** How a call ended, and when the handler itself has: later than the call, where it ignores its signal. */
export type HandlerEnd = { readonly ending: Ending; readonly handlerEnded: Promise<void> };

/**
 * Calls a handler and waits for it. Once the signal is aborted the handler has the policy's grace period to come to
 * an end, and whatever it returns or throws then no longer counts.
 */
export async function callHandler(call: HandlerCall): Promise<HandlerEnd> {
  const { definition, signal } = call;
  const refused = (why: string): HandlerEnd => ({
    ending: failed('INVALID_INPUT', why),
    handlerEnded: Promise.resolve(),
  });
  // A transform of the schema may throw.
  const input = await definition.input.safeParseAsync(call.input).catch(messageOf);
  if (typeof input === 'string') return refused(input);
  if (!input.success) return refused(input.error.message);
  if (signal.aborted)
    return { ending: endingOfAbort(reasonOf(signal), false), handlerEnded: Promise.resolve() };

  const running = invoke(call, input.data).then(
    output => (signal.aborted ? endingOfAbort(reasonOf(signal), false) : endingOfOutput(definition, output)),
    (error: unknown) =>
      signal.aborted && !mattersAfterCancel(error, signal)
        ? endingOfAbort(reasonOf(signal), false)
        : endingOfError(definition, error),
  );
  const grace = graceAfterAbort(signal, definition.policy.cancelGraceMs);
  try {
    const ending = await Promise.race([
      running,
      grace.over.then(() => endingOfAbort(reasonOf(signal), true)),
    ]);
    return { ending, handlerEnded: running.then(() => {}) };
  } finally {
    grace.stop();
  }
}

async function invoke(call: HandlerCall, input: unknown): Promise<unknown> {
  const { task, attempt, signal, output } = call;
  return call.handler({
    input,
    task,
    attempt,
    signal,
    progress: output.progress,
    log: output.log,
    exec: (command, args = [], options = {}) => runChild(command, args, signal, options),
    error: (code, message, ...data) => new TaskError(code, message, data[0] as never),
  });
}

/** A declared error while a cancel is obeyed says that obeying went wrong (hardware that did not stop): that is told. */
function mattersAfterCancel(error: unknown, signal: AbortSignal): boolean {
  return error instanceof TaskError && reasonOf(signal).code === 'CANCELED';
}

function graceAfterAbort(signal: AbortSignal, graceMs: number): { over: Promise<void>; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let begin = () => {};
  const over = new Promise<void>(resolve => {
    begin = () => {
      timer = setTimeout(resolve, graceMs);
    };
  });
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  return {
    over,
    stop: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', begin);
    },
  };
}

function reasonOf(signal: AbortSignal): AttemptAborted {
  const reason: unknown = signal.reason;
  return reason instanceof AttemptAborted ? reason : new AttemptAborted('CANCELED', String(reason));
}
