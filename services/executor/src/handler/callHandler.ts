import type { TaskDefinition } from '@longhaul/proto';
import { isInstance } from '../failure/safeRead.ts';
import { callAs } from '../telemetry/processEnd.ts';
import { abortReason, graceAfterAbort } from './abort.ts';
import { createTaskContext } from './createTaskContext.ts';
import { type Ending, endingOfAbort, endingOfError, endingOfOutput, parseInput } from './ending.ts';
import { runCommand } from './exec.ts';
import type { HandlerCall, HandlerEnd } from './handlerCall.ts';
import { TaskError } from './handlerErrors.ts';
import type { Handler } from './taskContext.ts';

/**
 * Calls a handler in this thread and waits for it. Once the signal is aborted, the handler has the policy's grace
 * period to end; what it returns or throws after the abort no longer counts.
 */
export async function callHandler(call: HandlerCall, handler: Handler<TaskDefinition>): Promise<HandlerEnd> {
  const { definition, signal } = call;
  const notCalled = (ending: Ending): HandlerEnd => ({ ending, handlerEnded: Promise.resolve() });
  const parsed = await parseInput(definition, call.input);
  if (!parsed.ok) return notCalled(parsed.ending);
  if (signal.aborted) return notCalled(endingOfAbort(abortReason(signal), false));

  const running = invoke(handler, call, parsed.input).then(
    output =>
      signal.aborted ? endingOfAbort(abortReason(signal), false) : endingOfOutput(definition, output),
    (error: unknown) =>
      signal.aborted && !countsAfterCancel(error, signal)
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
  const { task, attempt, fence, signal, output, children, pauses } = call;
  const context = createTaskContext(input, {
    task,
    attempt,
    fence,
    signal,
    children,
    progress: output.progress,
    log: output.log,
    checkpoint: pauses.checkpoint,
    exec: (command, args = [], options = {}) => runCommand(command, args, signal, options),
  });
  return callAs({ taskId: task.id, task: task.name, attempt }, () => handler(context));
}

/** A declared error that is thrown after a cancel reports that canceling failed (hardware that did not stop). */
function countsAfterCancel(error: unknown, signal: AbortSignal): boolean {
  return isInstance(error, TaskError) && abortReason(signal).code === 'CANCELED';
}
