import { BadMessageError, type Broker, decode, isUnavailable } from '@longhaul/broker';
import {
  deadlineOf,
  heartbeatMs,
  isToPause,
  policyOf,
  type RequestAddress,
  rankOf,
  requestSchema,
  type TaskDefinition,
  type TaskPolicy,
  type TaskRequest,
  wantedPlaces,
} from '@longhaul/proto';
import type { Logger } from 'pino';
import { listenForCancel } from '../cancel/cancelListener.ts';
import { HandlerOutput } from '../handler/handlerOutput.ts';
import type { RunnableTask } from '../handler/sandbox/openSandboxes.ts';
import { type Admission, admit, findKeys, isLimited } from '../limit/admission.ts';
import type { LimitedTask, Limits } from '../limit/limits.ts';
import { type AttemptOutcome, outcomeOf } from '../observe/attemptOutcome.ts';
import type { AttemptMetrics } from '../observe/executorMetrics.ts';
import { observeAttempt } from '../observe/observeAttempt.ts';
import { AttemptPauses } from '../pause/attemptPauses.ts';
import { listenForControl } from '../pause/controlListener.ts';
import type { RequestMessage } from '../take/requestMessage.ts';
import type { Slot } from '../take/slotPool.ts';
import { AttemptAborted } from './abortReasons.ts';
import { AttemptChildren } from './attemptChildren.ts';
import { type AppendResult, ChainWriter } from './chainWriter.ts';
import { claimTask } from './claim.ts';
import { startHeartbeat } from './heartbeat.ts';
import { type Held, tellHolder } from './holder.ts';
import { readInput } from './largePayloads.ts';
import { callHandler, type HandlerEnd, type RunnableHandler } from './runHandler.ts';
import { type Answer, settle, type TaskEnd } from './settle.ts';
import { StartedGate } from './startedGate.ts';
import { startTimeLimits } from './timeLimits.ts';

/** What every attempt of one executor shares. */
export type AttemptSetting = {
  readonly broker: Broker;
  readonly logger: Logger;
  readonly executor: string;
  /** Milliseconds that a first delivery may hold its `started` back. */
  readonly holdStartedMs: number;
  readonly definitionOf: (name: string) => RunnableTask | undefined;
  readonly limits: Limits;
  /** Ends what still waits for NATS: the process is about to end. */
  readonly giveUp: AbortSignal;
  /** Where nobody reads metrics, nothing is counted. */
  readonly metrics: AttemptMetrics | undefined;
};

/** After a request that cannot be worked on just now, it is delivered again this much later. */
const troubleDelayMs = 1_000;

/** In an object, since a promise in a promise would be waited for too soon. */
type Worked = { readonly handlerEnded: Promise<void> };
const nothingRuns: Worked = { handlerEnded: Promise.resolve() };

/**
 * One delivered request, from claim to acknowledgement: claim → call the handler → settle → acknowledge.
 *
 * Invariant 1, accepted-is-durable: the request leaves the queue only after a terminal event is in the chain. Until
 * then it is delivered again whenever this executor stops to say that it works on it.
 */
export class Attempt implements Held {
  readonly id: string;
  readonly name: string;
  readonly #setting: AttemptSetting;
  readonly #address: RequestAddress;
  readonly #slot: Slot;
  readonly #pauses: AttemptPauses;
  readonly #abort = new AbortController();
  #message: RequestMessage;
  #number = 1;
  #cancelReason: string | undefined;
  readonly #cancelRecorded = Promise.withResolvers<void>();
  /** Whether the task has ended with this attempt: nothing is left to cancel. */
  #hasEnded = false;
  #isSuperseded = false;
  readonly #takenAtMs = Date.now();
  /** The executor that this one took the task over from. */
  #lost: string | undefined;
  #writer: ChainWriter | undefined;
  #gate: StartedGate | undefined;
  #isWaiting = false;
  /** As what it stands in the records of its limits. */
  #limited: LimitedTask | undefined;
  #children: AttemptChildren | undefined;

  constructor(setting: AttemptSetting, address: RequestAddress, message: RequestMessage, slot: Slot) {
    this.#setting = setting;
    this.#address = address;
    this.#message = message;
    this.#slot = slot;
    this.#pauses = new AttemptPauses(this.#abort.signal, slot);
    this.id = address.id;
    this.name = address.name;
  }

  /** Which attempt of the task this is. */
  get number(): number {
    return this.#number;
  }

  /** The same request was delivered again to this executor, which still works on it: answer to the newer delivery. */
  adopt(message: RequestMessage): void {
    this.#message = message;
    message.heartbeat();
    // Meanwhile somebody else may have had it, and may have been lost.
    void this.lookAgain();
  }

  get isHeld(): boolean {
    return !this.#isSuperseded;
  }

  /** After a time out of NATS's reach, or when somebody says so: has the chain gone on without this attempt? */
  async lookAgain(): Promise<void> {
    this.#message.heartbeat();
    this.#children?.lookAgain();
    await this.#writer?.check();
  }

  /** The executor takes nothing more: a task that waits for a limit, is paused, or comes to pause now, is handed back at once. */
  drain(): void {
    if (this.#isWaiting) this.handBack();
    this.#pauses.drain(() => this.handBack());
  }

  /** Tells the handler to end, because the executor shuts down: another one will run the task. */
  handBack(): void {
    this.#abort.abort(
      new AttemptAborted('HANDED_BACK', 'The executor shuts down; the task will run elsewhere.'),
    );
  }

  /** Works on the request. Resolves when the handler has ended and its slot is free; never rejects. */
  async run(): Promise<void> {
    const { broker, logger, executor } = this.#setting;
    const log = logger.child({ taskId: this.id, task: this.name });
    const heartbeat = startHeartbeat(() => this.#message);
    // Before the claim, and on the same connection: see `claimTask`.
    const listener = listenForCancel({
      broker,
      logger: log,
      taskId: this.id,
      executor,
      attempt: () => this.#number,
      onCancel: reason => this.#cancel(reason),
    });
    // Only where it can be paused: most tasks are too short to pay for one more subscription.
    const isPausable = this.#setting.definitionOf(this.name)?.definition.policy.pausable;
    const control = isPausable
      ? listenForControl({
          broker,
          logger: log,
          taskId: this.id,
          executor,
          attempt: () => this.#number,
          onRequest: request => this.#pauses.request(request),
        })
      : undefined;
    let worked = nothingRuns;
    try {
      const request = decode(requestSchema, this.#message.subject, this.#message.data);
      worked = await this.#work(request);
    } catch (error) {
      if (error instanceof BadMessageError) {
        // It cannot become a task: no owner to tell. Delivering it again would not mend it.
        log.error({ err: error }, 'a request that does not fit the protocol was dropped');
        this.#message.ack();
      } else if (!this.#setting.giveUp.aborted) {
        const level = isUnavailable(error) ? 'warn' : 'error';
        log[level]({ err: error }, 'the request could not be worked on; it will be delivered again');
        this.#message.handBack(troubleDelayMs);
      }
    } finally {
      // Else the cancel is not in the chain, and whoever waits for that must not be told so: the task may run again.
      this.#cancelRecorded.promise.catch(() => {});
      if (this.#hasEnded) this.#cancelRecorded.resolve();
      else this.#cancelRecorded.reject(new Error('The attempt is over, and the task is not.'));
      this.#pauses.end();
      listener.stop();
      control?.stop();
      heartbeat.stop();
    }
    await worked.handlerEnded;
    // Not before: whoever has a place may have a handler running.
    if (this.#limited) await this.#setting.limits.leave(this.#limited, this.#hasEnded);
  }

  async #work(request: TaskRequest): Promise<Worked> {
    const { broker, executor, giveUp } = this.#setting;
    const runnable = this.#setting.definitionOf(this.name);
    if (!runnable) throw new Error(`This executor has no handler for ${this.name}.`);
    const policy = policyOf(runnable.definition.policy, request);
    const deadlineMs = deadlineOf(policy, request);
    const limits = { maxLosses: policy.maxLosses, deadlineMs };
    const redelivered = this.#message.redelivered;
    const look = () => claimTask(broker, this.#address, request, limits, redelivered, executor);
    let claim = await look();
    if (claim.do === 'run' && isLimited(runnable.definition)) {
      const admission = await this.#admit(runnable.definition, request, claim.attempt);
      if (admission.do === 'handBack') {
        this.#message.handBack(admission.delayMs);
        return nothingRuns;
      }
      if (admission.do === 'stop' && !this.#isCanceled()) {
        this.#message.handBack();
        return nothingRuns;
      }
      if (admission.do === 'stop') claim = { do: 'cancel', after: claim.after, reason: this.#cancelReason };
      // Much may have happened while it waited.
      else if (Date.now() - this.#takenAtMs > heartbeatMs) claim = await look();
    }
    this.#lost = claim.lost;
    if (claim.do === 'leave') {
      // Neither acknowledged nor handed back: the other one's heartbeats are for this delivery as well.
      this.#isSuperseded = true;
      return nothingRuns;
    }
    if (claim.do === 'acknowledge') {
      this.#hasEnded = true;
      this.#message.ack();
      return nothingRuns;
    }
    if (claim.do === 'wait' && !this.#abort.signal.aborted) {
      this.#message.handBack(Math.max(1, claim.untilMs - Date.now()));
      return nothingRuns;
    }
    this.#number = claim.do === 'run' ? claim.attempt : this.#number;
    const writer = new ChainWriter({
      broker,
      task: this.#address,
      request,
      attempt: this.#number,
      executor,
      after: claim.after,
      onRefused: why => this.#refused(why),
      onRead: chain => this.#pauses.follow(isToPause(chain)),
      giveUp,
    });
    this.#writer = writer;
    if (claim.do === 'fail') {
      await this.#end(writer.append({ type: 'failed', error: claim.error }), 'failed');
      return nothingRuns;
    }
    if (claim.do !== 'run') {
      const reason = claim.do === 'cancel' ? claim.reason : this.#cancelReason;
      await this.#end(
        writer.append({ type: 'canceled', ...(reason === undefined ? {} : { reason }) }),
        'canceled',
      );
      return nothingRuns;
    }
    const { failures, after, toPause = false } = claim;
    const run = { request, writer, redelivered, policy, deadlineMs, failures, toPause, ...runnable };
    const { traceparent } = this.#message;
    const observed = { task: this.#address, attempt: this.#number, traceparent, after, lost: this.#lost };
    return observeAttempt(this.#setting, observed, ended => this.#runClaimed(run, ended));
  }

  /** Takes the task through the limits that hold across executors; it may wait for long. */
  async #admit(definition: TaskDefinition, request: TaskRequest, attempt: number): Promise<Admission> {
    const { broker, limits, giveUp } = this.#setting;
    const { signal } = this.#abort;
    const keys = await findKeys(broker.payloads, definition, request, signal, giveUp);
    // An input that cannot be read or does not fit: the attempt will end with that, and no handler is called.
    if (!keys) return { do: 'run' };
    const limited: LimitedTask = {
      id: this.id,
      name: this.name,
      owner: request.owner,
      attempt,
      wanted: wantedPlaces(broker.topology, this.name, definition.limits, keys),
      rate: definition.limits.rate,
      rank: rankOf(request),
    };
    // Also where that fails: what it has taken by then is given back.
    this.#limited = limited;
    this.#isWaiting = true;
    const admission = await admit(limits, limited, this.#slot, this.#message.deliveries, signal).finally(
      () => {
        this.#isWaiting = false;
      },
    );
    if (admission.do !== 'run') this.#limited = undefined;
    return admission;
  }

  async #runClaimed(run: ClaimedRun, ended: (outcome: AttemptOutcome) => void): Promise<Worked> {
    const { definition, writer, policy } = run;
    const startedAt = new Date().toISOString();
    // Somebody else may have begun meanwhile: so may a process think that was suspended while it claimed.
    const isContended = run.redelivered || this.#number > 1 || Date.now() - this.#takenAtMs > heartbeatMs;
    const gate = new StartedGate(isContended ? 0 : this.#setting.holdStartedMs, () =>
      this.#writeStarted(writer),
    );
    this.#gate = gate;
    const output = new HandlerOutput(definition, this.#number, writer, gate);
    const limits = startTimeLimits(policy.timeoutMs, run.deadlineMs, Date.now(), reason =>
      this.#abort.abort(reason),
    );
    const { executor, broker, giveUp } = this.#setting;
    const attempt = this.#number;
    this.#pauses.begin({ writer, gate, limits, attempt, executor, toPause: run.toPause });
    // Refused, it aborts the signal, and the handler is not called.
    if (isContended) await gate.open();
    this.#children = this.#childrenOf(run, gate);
    const { ending, handlerEnded } = await this.#callHandler(run, output, this.#children);
    limits.stop();
    await output.flush();
    const answer = await settle(ending, {
      ...run,
      taskId: this.id,
      attempt,
      executor,
      startedAt,
      gate,
      payloads: broker.payloads,
      canceled: this.#isCanceled() ? { reason: this.#cancelReason } : undefined,
      giveUp,
    });
    this.#answer(answer);
    ended(outcomeOf(answer));
    return { handlerEnded };
  }

  async #callHandler(
    { definition, handler, request }: ClaimedRun,
    output: HandlerOutput<TaskDefinition>,
    children: AttemptChildren,
  ): Promise<HandlerEnd> {
    const { broker, giveUp } = this.#setting;
    const { signal } = this.#abort;
    const read = await readInput(broker.payloads, request, signal, giveUp);
    if (!read.ok) return { ending: read.ending, handlerEnded: Promise.resolve() };
    return callHandler({
      definition,
      handler,
      task: { id: this.id, name: this.name, owner: request.owner, createdAt: request.createdAt },
      input: read.input,
      attempt: this.#number,
      output,
      signal,
      children,
      pauses: this.#pauses,
    });
  }

  #childrenOf({ request, writer }: ClaimedRun, gate: StartedGate): AttemptChildren {
    const { broker, logger, executor } = this.#setting;
    return new AttemptChildren({
      broker,
      logger,
      parent: { id: this.id, name: this.name },
      owner: request.owner,
      attempt: this.#number,
      executor,
      writer,
      gate,
      signal: this.#abort.signal,
      slot: this.#slot,
    });
  }

  async #writeStarted(writer: ChainWriter): Promise<AppendResult> {
    const { executor } = this.#setting;
    const result = await writer.append({ type: 'started', attempt: this.#number, executor });
    if (result === 'accepted') this.#tellLost();
    return result;
  }

  /** Once the chain has gone on without the executor that had the task, that one is told, should it still be there. */
  #tellLost(): void {
    if (this.#lost !== undefined) tellHolder(this.#setting.broker, this.#lost, this.id);
    this.#lost = undefined;
  }

  /** The chain has gone on without this attempt: so must the handler end. */
  #refused(why: 'superseded' | 'stop'): void {
    if (why === 'superseded') this.#isSuperseded = true;
    this.#abort.abort(
      why === 'superseded'
        ? new AttemptAborted('SUPERSEDED', 'The task has ended, or another executor runs it.')
        : new AttemptAborted('CANCELED', 'The task was canceled.'),
    );
  }

  #isCanceled(): boolean {
    const reason: unknown = this.#abort.signal.reason;
    return reason instanceof AttemptAborted && reason.code === 'CANCELED';
  }

  /** Tells the handler at once. Resolves when the chain says so too, or the attempt is over. */
  async #cancel(reason: string | undefined): Promise<void> {
    if (!this.#abort.signal.aborted) {
      this.#cancelReason = reason;
      const why = reason === undefined ? '' : `: ${reason}`;
      this.#abort.abort(new AttemptAborted('CANCELED', `The task was canceled${why}.`));
      void this.#writeStopping(reason);
    }
    await this.#cancelRecorded.promise;
  }

  /** A refusal is met again by the attempt's last event. While the claim is being made, that one alone is written. */
  async #writeStopping(reason: string | undefined): Promise<void> {
    const writer = this.#writer;
    if (!writer || !this.#gate) return;
    try {
      await this.#gate.open();
      const result = await writer.append({
        type: 'stopping',
        ...(reason === undefined ? {} : { reason }),
      });
      if (result !== 'superseded') this.#cancelRecorded.resolve();
    } catch (err) {
      this.#setting.logger.warn({ err, taskId: this.id }, 'the stopping event could not be written');
    }
  }

  #answer(answer: Answer): void {
    switch (answer.do) {
      case 'acknowledge':
        this.#hasEnded = true;
        this.#tellLost();
        this.#message.ack();
        return;
      case 'handBack':
        // Superseded: the request is not ours to give away.
        if (!this.#isSuperseded) this.#message.handBack(answer.delayMs);
        return;
      case 'nothing':
        return;
    }
  }

  /** Ends a task that was not run. */
  async #end(append: Promise<AppendResult>, end: TaskEnd): Promise<void> {
    if ((await append) === 'accepted') this.#answer({ do: 'acknowledge', end });
  }
}

/** One attempt that is to run: what was claimed, and under which limits. */
type ClaimedRun = {
  readonly definition: TaskDefinition;
  readonly handler: RunnableHandler;
  readonly request: TaskRequest;
  readonly writer: ChainWriter;
  readonly redelivered: boolean;
  readonly policy: TaskPolicy;
  readonly deadlineMs: number | undefined;
  /** How many attempts have failed before. */
  readonly failures: number;
  /** Whether it is to pause at its first checkpoint. */
  readonly toPause: boolean;
};
