import type { TaskDefinition } from '@longhaul/proto';
import { withoutStacks } from '@longhaul/proto/wire';
import type { Ending } from '../handler/ending.ts';
import type { HandlerEnd } from '../handler/handlerCall.ts';
import { logFailure } from '../telemetry/observeAttempt.ts';
import { AttemptChildren } from './attemptChildren.ts';
import type { AttemptContext } from './attemptContext.ts';
import type { AppendResult } from './eventWriter.ts';
import { HandlerOutput } from './handlerOutput.ts';
import { readInput } from './payloads.ts';
import { StartedGate } from './startedGate.ts';
import { startTimeLimits } from './timers.ts';

type ExecutionOptions = {
  /** Whether another executor may have begun meanwhile: then `started` is written before the handler is called. */
  readonly isContended: boolean;
  /** Called when `started` is in the event log. */
  readonly onStarted: () => void;
};

/** The execution of one attempt: from `started` until its handler has ended, or no longer counts. */
export class Execution {
  readonly gate: StartedGate;
  readonly startedAt: string;
  readonly #context: AttemptContext;
  readonly #options: ExecutionOptions;
  readonly #children: AttemptChildren;
  #isCalled = false;

  constructor(context: AttemptContext, options: ExecutionOptions) {
    this.startedAt = context.setting.broker.clock.now();
    const holdMs = options.isContended ? 0 : context.setting.holdStartedMs;
    this.#context = context;
    this.#options = options;
    this.gate = new StartedGate(holdMs, () => this.#writeStarted());
    this.#children = new AttemptChildren(context, this.gate);
  }

  /** Whether the handler was called: from then on the attempt counts as a start. */
  get isCalled(): boolean {
    return this.#isCalled;
  }

  /** To be called after a time without NATS: the end of a child may have been missed. */
  recheck(): void {
    this.#children.recheck();
  }

  /**
   * Writes a `started` that is still held back, since the process exits: else the start would not be counted.
   * @returns whether there was one to write
   */
  writeStartedAtExit(): boolean {
    const { writer, claim, setting } = this.#context;
    const { executor } = setting;
    return this.#isCalled && writer.writeAtExit({ type: 'started', attempt: claim.attempt, executor });
  }

  /** Writes to the event log that the attempt is being canceled, behind its `started`. */
  async writeStopping(reason: string | undefined): Promise<AppendResult> {
    await this.gate.open();
    return this.#context.writer.append({ type: 'stopping', ...(reason === undefined ? {} : { reason }) });
  }

  /** Calls the handler and publishes what it reports. Resolves with how it ended. */
  async run(): Promise<HandlerEnd> {
    const { setting, task, writer, claim, abort, pauses, policy, deadlineMs } = this.#context;
    const output = new HandlerOutput(task.definition, claim.attempt, writer, this.gate);
    const limits = startTimeLimits(policy.timeoutMs, deadlineMs, setting.broker.clock.nowMs(), reason =>
      abort.abort(reason),
    );
    pauses.begin(this.#context, this.gate, limits);
    // A refused `started` aborts the signal, and then the handler is not called.
    if (this.#options.isContended) await this.gate.open();
    const { ending, handlerEnded } = await this.#callHandler(output);
    limits.stop();
    const exposed = this.#exposed(ending);
    await output.flush();
    return { ending: exposed, handlerEnded };
  }

  async #callHandler(output: HandlerOutput<TaskDefinition>): Promise<HandlerEnd> {
    const { setting, address, task, request, claim, fence, abort, pauses } = this.#context;
    const { signal } = abort;
    const read = await readInput(setting.broker.payloads, request, signal, setting.shutdownDeadline);
    if (!read.ok) return { ending: read.ending, handlerEnded: Promise.resolve() };
    this.#isCalled = !signal.aborted;
    return task.call({
      definition: task.definition,
      task: { id: address.id, name: address.name, owner: request.owner, createdAt: request.createdAt },
      attempt: claim.attempt,
      fence,
      input: read.input,
      signal,
      output,
      children: this.#children,
      pauses,
    });
  }

  async #writeStarted(): Promise<AppendResult> {
    const { writer, claim, setting } = this.#context;
    const { executor } = setting;
    const result = await writer.append({ type: 'started', attempt: claim.attempt, executor });
    if (result === 'accepted') this.#options.onStarted();
    return result;
  }

  /** Logs why an attempt failed, and removes what must not leave the process. */
  #exposed(ending: Ending): Ending {
    if (ending.kind !== 'failed') return ending;
    const { setting, address, claim, task } = this.#context;
    const { attempt } = claim;
    logFailure(setting.logger, { taskId: address.id, task: address.name, attempt }, ending.error);
    return task.definition.exposeStack === 'nobody'
      ? { ...ending, error: withoutStacks(ending.error) }
      : ending;
  }
}
