import type { PayloadStore } from '@longhaul/broker';
import type { TaskPolicy } from '@longhaul/proto';
import { decideAfterFailure } from '@longhaul/proto/wire';
import type { Ending } from '../handler/ending.ts';
import type { EventWriter } from './eventWriter.ts';
import { writeOutput } from './payloads.ts';
import type { StartedGate } from './startedGate.ts';

/** An attempt that is over, as far as its end is written. */
export type EndedAttempt = {
  readonly taskId: string;
  readonly attempt: number;
  readonly executor: string;
  readonly startedAt: string;
  /** Whether its handler was called. */
  readonly isCalled: boolean;
  readonly writer: EventWriter;
  readonly gate: StartedGate;
  readonly payloads: PayloadStore;
  readonly policy: TaskPolicy;
  /** When the whole task has to end, in milliseconds since the epoch. */
  readonly deadlineMs: number | undefined;
  /** How many attempts have failed before. */
  readonly failures: number;
  /** Whether its task was canceled, and why. */
  readonly canceled: { readonly reason: string | undefined } | undefined;
  readonly giveUp: AbortSignal;
};

/** How a task ended. */
export type TaskEnd = 'completed' | 'failed' | 'canceled';

/** What is answered to the delivered request. */
export type Answer =
  /** The task has ended, and the chain says so: off the queue with it. */
  | { readonly do: 'acknowledge'; readonly end: TaskEnd }
  /** Somebody is to work on it: at once, or, to try it again, after a while. */
  | { readonly do: 'handBack'; readonly why: 'shutdown' | 'retry'; readonly delayMs: number }
  /**
   * It is another executor's to finish: an acknowledgement of ours would take the request off the queue while that
   * one can still die. If the task has ended, its ender acknowledges.
   */
  | { readonly do: 'nothing' };

const nothing: Answer = { do: 'nothing' };

/**
 * Writes how an attempt ended, and says what to answer for it. Invariant 1, accepted-is-durable: an acknowledgement
 * is answered only where the task's end is in the chain.
 */
export async function settle(ending: Ending, ended: EndedAttempt): Promise<Answer> {
  const { writer, gate } = ended;
  const mine = { attempt: ended.attempt, executor: ended.executor };
  switch (ending.kind) {
    case 'released': {
      // Said in the chain, so that it counts neither as a failure nor as a loss, and as a start all the same: also
      // where its `started` is still held back. Where nothing can be said, the next executor counts a loss.
      if (ended.isCalled) await gate.open().catch(() => {});
      const result = gate.close()
        ? await writer.append({ type: 'released', ...mine }).catch(() => 'accepted')
        : 'accepted';
      return result === 'superseded' ? nothing : { do: 'handBack', why: 'shutdown', delayMs: 0 };
    }
    case 'superseded':
      return nothing;
    case 'completed': {
      const name = `${ended.taskId}.output.${ended.attempt}`;
      const written = await writeOutput(ended.payloads, ending, name, ended.giveUp);
      gate.close();
      if (!written.ok) return settleFailure({ kind: 'failed', error: written.error }, ended);
      return end(
        writer.append({ type: 'completed', ...mine, startedAt: ended.startedAt, ...written.part }),
        'completed',
      );
    }
    case 'failed':
      gate.close();
      return settleFailure(ending, ended);
    case 'canceled': {
      const reason = ended.canceled?.reason;
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

/** Another attempt later, or the task's end. */
async function settleFailure(
  ending: Extract<Ending, { kind: 'failed' }>,
  ended: EndedAttempt,
): Promise<Answer> {
  const { writer, policy, deadlineMs, failures } = ended;
  const mine = { attempt: ended.attempt, executor: ended.executor, startedAt: ended.startedAt };
  // What failed while it obeyed a cancel is not begun anew.
  const advice = ended.canceled ? ({ retry: false } as const) : ending.advice;
  const failure = { error: ending.error, advice };
  const next = decideAfterFailure(policy, failure, failures + 1, deadlineMs, Date.now(), Math.random());
  if (next.do === 'fail') return end(writer.append({ type: 'failed', ...mine, error: next.error }), 'failed');
  const nextAttemptAt = new Date(Date.now() + next.delayMs).toISOString();
  const result = await writer.append({ type: 'retrying', ...mine, error: next.error, nextAttemptAt });
  // The request waits at the server, which delivers it when it is due, to whoever is free by then.
  if (result === 'accepted') return { do: 'handBack', why: 'retry', delayMs: next.delayMs };
  return result === 'stop' ? end(writer.append({ type: 'canceled' }), 'canceled') : nothing;
}

async function end(append: ReturnType<EventWriter['append']>, how: TaskEnd): Promise<Answer> {
  return (await append) === 'accepted' ? { do: 'acknowledge', end: how } : nothing;
}
