import type { TaskDefinition } from '@longhaul/proto';
import { isInstance } from '../failure/safeRead.ts';
import { startChildren } from '../handler/children/childTasks.ts';
import type { ChildPort } from '../handler/children/childTypes.ts';
import { runChild } from '../handler/exec.ts';
import { TaskError } from '../handler/handlerErrors.ts';
import type { HandlerOutput } from '../handler/handlerOutput.ts';
import type { Handler, TaskContext } from '../handler/taskContext.ts';
import { callSandboxed } from '../sandbox/callSandboxed.ts';
import { SandboxPool } from '../sandbox/sandboxPool.ts';
import { callAs } from '../telemetry/processEnd.ts';
import { type Ending, endingOfAbort, endingOfError, endingOfOutput } from './ending.ts';
import type { PausePort } from './pause.ts';
import { parseInput } from './payloads.ts';
import { abortReason, graceAfterAbort } from './timers.ts';

/** A handler as an attempt calls it: a function of this thread, or one in threads of its own. */
export type RunnableHandler = Handler<TaskDefinition> | SandboxPool;

/** What one call of a handler needs. */
export type HandlerCall = {
  readonly definition: TaskDefinition;
  readonly handler: RunnableHandler;
  readonly task: TaskContext['task'];
  readonly input: unknown;
  readonly attempt: number;
  readonly output: HandlerOutput<TaskDefinition>;
  /** Aborted with an `AttemptAborted`. */
  readonly signal: AbortSignal;
  readonly children: ChildPort;
  readonly pauses: PausePort;
};

/** How a call ended, and when the handler itself has: later than the call, where it ignores its signal. */
export type HandlerEnd = { readonly ending: Ending; readonly handlerEnded: Promise<void> };

/**
 * Calls a handler and waits for it. Once the signal is aborted the handler has the policy's grace period to come to
 * an end, and whatever it returns or throws then no longer counts.
 */
export async function callHandler(call: HandlerCall): Promise<HandlerEnd> {
  const { definition, signal } = call;
  if (call.handler instanceof SandboxPool) return callSandboxed(call, call.handler);
  const { handler } = call;
  const over = (ending: Ending): HandlerEnd => ({ ending, handlerEnded: Promise.resolve() });
  const parsed = await parseInput(definition, call.input);
  if (!parsed.ok) return over(parsed.ending);
  if (signal.aborted) return over(endingOfAbort(abortReason(signal), false));

  const running = invoke(handler, call, parsed.input).then(
    output =>
      signal.aborted ? endingOfAbort(abortReason(signal), false) : endingOfOutput(definition, output),
    (error: unknown) =>
      signal.aborted && !mattersAfterCancel(error, signal)
        ? endingOfAbort(abortReason(signal), false)
        : endingOfError(definition, error),
  );
  const grace = graceAfterAbort(signal, () => definition.policy.cancelGraceMs);
  try {
    const ending = await Promise.race([
      running,
      grace.over.then(() => endingOfAbort(abortReason(signal), true)),
    ]);
    return { ending, handlerEnded: running.then(() => {}) };
  } finally {
    grace.stop();
  }
}

async function invoke(handler: Handler<TaskDefinition>, call: HandlerCall, input: unknown): Promise<unknown> {
  const { task, attempt, signal, output, children, pauses } = call;
  const running = { taskId: task.id, task: task.name, attempt };
  const context: TaskContext = {
    input,
    task,
    attempt,
    signal,
    progress: output.progress,
    log: output.log,
    tasks: startChildren(children),
    checkpoint: pauses.checkpoint,
    exec: (command, args = [], options = {}) => runChild(command, args, signal, options),
    error: (code, message, ...data) => new TaskError(code, message, data[0] as never),
  };
  return callAs(running, () => handler(context));
}

/** A declared error while a cancel is obeyed says that obeying went wrong (hardware that did not stop): that is told. */
function mattersAfterCancel(error: unknown, signal: AbortSignal): boolean {
  return isInstance(error, TaskError) && abortReason(signal).code === 'CANCELED';
}
