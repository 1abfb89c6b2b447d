import { decideAfterFailure } from '@longhaul/proto/wire';
import type { Ending, FailedEnding } from '../handler/ending.ts';
import type { Answer, TaskEnd } from '../queue/requestMessage.ts';
import type { AttemptContext } from './attemptContext.ts';
import type { EventWriter } from './eventWriter.ts';
import type { Execution } from './execution.ts';
import { writeOutput } from './payloads.ts';

const nothing: Answer = { do: 'nothing' };

/**
 * Writes how an attempt ended, and returns the answer to its request. Invariant 1, accepted-is-durable: the answer is
 * `acknowledge` only where the task's end is in the event log.
 */
export async function settle(ending: Ending, context: AttemptContext, execution: Execution): Promise<Answer> {
  const { writer, claim, setting, address, cancel } = context;
  const { gate, startedAt } = execution;
  const mine = { attempt: claim.attempt, executor: setting.executor };
  switch (ending.kind) {
    case 'released': {
      // With `released` in the log, the attempt counts neither as a failure nor as a loss, but still as a start, also
      // where its `started` is held back. Where nothing can be written, the next executor counts a loss.
      if (execution.isCalled) await gate.open().catch(() => {});
      const result = gate.close()
        ? await writer.append({ type: 'released', ...mine }).catch(() => 'accepted')
        : 'accepted';
      return result === 'superseded' ? nothing : { do: 'release', why: 'shutdown', delayMs: 0 };
    }
    case 'superseded':
      return nothing;
    case 'completed': {
      const objectName = `${address.id}.output.${claim.attempt}`;
      const { payloads } = setting.broker;
      const written = await writeOutput(payloads, ending, objectName, setting.shutdownDeadline);
      gate.close();
      if (!written.ok) return settleFailure({ kind: 'failed', error: written.error }, context, startedAt);
      return end(writer.append({ type: 'completed', ...mine, startedAt, ...written.part }), 'completed');
    }
    case 'failed':
      gate.close();
      return settleFailure(ending, context, startedAt);
    case 'canceled': {
      const reason = cancel.isCanceled ? cancel.reason : undefined;
      return end(
        writer.append({
          type: 'canceled',
          ...(reason === undefined ? {} : { reason }),
          ...(ending.handlerStillRunning ? { handlerStillRunning: true } : {}),
        }),
        'canceled',
      );
    }
  }
}

/** Another attempt after the backoff, or the task's end. */
async function settleFailure(
  ending: FailedEnding,
  { writer, claim, setting, policy, deadlineMs, cancel }: AttemptContext,
  startedAt: string,
): Promise<Answer> {
  const mine = { attempt: claim.attempt, executor: setting.executor, startedAt };
  const { clock } = setting.broker;
  // A handler that fails while it obeys a cancel is not tried again.
  const advice = cancel.isCanceled ? ({ retry: false } as const) : ending.advice;
  const failure = { error: ending.error, advice };
  const failures = claim.failures + 1;
  const next = decideAfterFailure(policy, failure, failures, deadlineMs, clock.nowMs(), Math.random());
  if (next.do === 'fail') return end(writer.append({ type: 'failed', ...mine, error: next.error }), 'failed');
  const nextAttemptAt = new Date(clock.nowMs() + next.delayMs).toISOString();
  const result = await writer.append({ type: 'retrying', ...mine, error: next.error, nextAttemptAt });
  // The request waits at the server, which delivers it when it is due, to any executor that is free by then.
  if (result === 'accepted') return { do: 'release', why: 'retry', delayMs: next.delayMs };
  return result === 'stop' ? end(writer.append({ type: 'canceled' }), 'canceled') : nothing;
}

async function end(append: ReturnType<EventWriter['append']>, how: TaskEnd): Promise<Answer> {
  return (await append) === 'accepted' ? { do: 'acknowledge', end: how } : nothing;
}
