import type { TaskDefinition, TaskPolicy } from '@longhaul/proto';
import { type RequestAddress, type TaskRequest, withoutStacks } from '@longhaul/proto/wire';
import type { Ending } from '../handler/ending.ts';
import type { HandlerEnd, RunnableTask } from '../handler/handlerCall.ts';
import type { Slot } from '../queue/slotPool.ts';
import { logFailure } from '../telemetry/observeAttempt.ts';
import { AttemptChildren } from './attemptChildren.ts';
import type { AttemptSetting } from './attemptContext.ts';
import type { AppendResult, EventWriter } from './eventWriter.ts';
import { HandlerOutput } from './handlerOutput.ts';
import type { AttemptPauses } from './pause.ts';
import { readInput } from './payloads.ts';
import { type Answer, settle } from './settle.ts';
import { StartedGate } from './startedGate.ts';
import { startTimeLimits } from './timers.ts';

/** One attempt that is to run: what was claimed, and under which limits. */
export type ClaimedRun = RunnableTask & {
  readonly address: RequestAddress;
  readonly request: TaskRequest;
  readonly writer: EventWriter;
  readonly attempt: number;
  readonly policy: TaskPolicy;
  readonly deadlineMs: number | undefined;
  /** How many attempts have failed before. */
  readonly failures: number;
  /** Whether it is to pause at its first checkpoint. */
  readonly toPause: boolean;
  /** Whether somebody else may have begun meanwhile: then `started` is written before the handler is called. */
  readonly isContended: boolean;
  readonly slot: Slot;
  readonly pauses: AttemptPauses;
  /** What the handler's signal belongs to. */
  readonly abort: AbortController;
  /** How the task was canceled, should it have been. */
  readonly canceled: () => { readonly reason: string | undefined } | undefined;
  /** `started` is in the chain. */
  readonly onStarted: () => void;
};

/** The call of one attempt's handler, from `started` to the event that ends it. */
export class HandlerRun {
  readonly #setting: AttemptSetting;
  readonly #run: ClaimedRun;
  readonly #gate: StartedGate;
  readonly #children: AttemptChildren;
  /** Whether the handler was called: from then on it counts as a start. */
  #isCalled = false;

  constructor(setting: AttemptSetting, run: ClaimedRun) {
    const { broker, executor } = setting;
    const { address, request, writer, attempt, abort, slot } = run;
    this.#setting = setting;
    this.#run = run;
    this.#gate = new StartedGate(run.isContended ? 0 : setting.holdStartedMs, () => this.#writeStarted());
    const parent = { id: address.id, name: address.name };
    const { owner } = request;
    const { signal } = abort;
    const gate = this.#gate;
    this.#children = new AttemptChildren({
      broker,
      parent,
      owner,
      attempt,
      executor,
      writer,
      gate,
      signal,
      slot,
    });
  }

  /** The connection to NATS was lost for a while. */
  lookAgain(): void {
    this.#children.lookAgain();
  }

  /** The process ends: a start whose `started` is still held back has to be counted all the same. */
  writeLastWords(): boolean {
    const { writer, attempt } = this.#run;
    const { executor } = this.#setting;
    return this.#isCalled && writer.writeLastWords({ type: 'started', attempt, executor });
  }

  /** Says in the chain that the attempt is being canceled, behind its `started`. */
  async writeStopping(reason: string | undefined): Promise<AppendResult> {
    await this.#gate.open();
    return this.#run.writer.append({ type: 'stopping', ...(reason === undefined ? {} : { reason }) });
  }

  /** Calls the handler and writes how that ended. @returns what to answer to the request */
  async run(): Promise<{ readonly answer: Answer; readonly handlerEnded: Promise<void> }> {
    const run = this.#run;
    const { broker, executor, giveUp } = this.#setting;
    const { definition, writer, policy, attempt, abort, pauses, toPause } = run;
    const startedAt = new Date().toISOString();
    const gate = this.#gate;
    const output = new HandlerOutput(definition, attempt, writer, gate);
    const limits = startTimeLimits(policy.timeoutMs, run.deadlineMs, Date.now(), reason =>
      abort.abort(reason),
    );
    pauses.begin({ writer, gate, limits, attempt, executor, toPause });
    // Refused, it aborts the signal, and the handler is not called.
    if (run.isContended) await gate.open();
    const { ending: full, handlerEnded } = await this.#callHandler(output);
    limits.stop();
    const ending = this.#exposed(full);
    await output.flush();
    const answer = await settle(ending, {
      ...run,
      taskId: run.address.id,
      executor,
      startedAt,
      isCalled: this.#isCalled,
      gate,
      payloads: broker.payloads,
      canceled: run.canceled(),
      giveUp,
    });
    return { answer, handlerEnded };
  }

  /** Logs why an attempt failed, and leaves out what does not leave the process. */
  #exposed(ending: Ending): Ending {
    if (ending.kind !== 'failed') return ending;
    const { address, attempt, definition } = this.#run;
    logFailure(this.#setting.logger, { taskId: address.id, task: address.name, attempt }, ending.error);
    return definition.exposeStack === 'nobody' ? { ...ending, error: withoutStacks(ending.error) } : ending;
  }

  async #callHandler(output: HandlerOutput<TaskDefinition>): Promise<HandlerEnd> {
    const { broker, giveUp } = this.#setting;
    const { address, definition, call, request, attempt, abort, pauses } = this.#run;
    const { signal } = abort;
    const read = await readInput(broker.payloads, request, signal, giveUp);
    if (!read.ok) return { ending: read.ending, handlerEnded: Promise.resolve() };
    this.#isCalled = !signal.aborted;
    return call({
      definition,
      task: { id: address.id, name: address.name, owner: request.owner, createdAt: request.createdAt },
      input: read.input,
      attempt,
      output,
      signal,
      children: this.#children,
      pauses,
    });
  }

  async #writeStarted(): Promise<AppendResult> {
    const { writer, attempt, onStarted } = this.#run;
    const result = await writer.append({ type: 'started', attempt, executor: this.#setting.executor });
    if (result === 'accepted') onStarted();
    return result;
  }
}
