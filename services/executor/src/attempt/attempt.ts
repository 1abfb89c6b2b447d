import { BadMessageError, decode, isUnavailable } from '@longhaul/broker';
import {
  type ClaimLimits,
  deadlineOf,
  heartbeatMs,
  isToPause,
  policyOf,
  type RequestAddress,
  requestSchema,
  type TaskRequest,
} from '@longhaul/proto/wire';
import { AttemptAborted } from '../handler/abort.ts';
import type { RunnableTask } from '../handler/handlerCall.ts';
import { AttemptPermits } from '../limits/attemptPermits.ts';
import type { Answer, RequestMessage } from '../queue/requestMessage.ts';
import type { Slot } from '../queue/slotPool.ts';
import { type AttemptOutcome, observeAttempt, outcomeOf } from '../telemetry/observeAttempt.ts';
import type { AttemptContext, AttemptSetting } from './attemptContext.ts';
import { AttemptCancel, listenForCancel } from './cancel.ts';
import { claimFirstDelivery, claimTask, type TaskClaim } from './claim.ts';
import { EventWriter } from './eventWriter.ts';
import { Execution } from './execution.ts';
import { fenceOf } from './fence.ts';
import { type HeldTask, notifyHolder } from './holder.ts';
import { AttemptPauses, listenForControl } from './pause.ts';
import { settle } from './settle.ts';

/** A request whose processing failed is delivered again after this delay. */
const troubleDelayMs = 1_000;

/** What processing a request left behind. In an object, since a promise in a promise would be awaited too soon. */
type Processed = { readonly handlerEnded: Promise<void> };
const nothingRuns: Processed = { handlerEnded: Promise.resolve() };

/** A claim that leads to an event: of an attempt, or of a task's end without one. */
type WrittenClaim = Exclude<TaskClaim, { do: 'leave' | 'acknowledge' }>;

/**
 * One delivered request, from delivery to answer: claim → admit → execute → settle → answer.
 *
 * Invariant 1, accepted-is-durable: the request leaves the queue only after a terminal event is in the task's log.
 * Until then the server delivers it again whenever the heartbeats of this executor stop.
 */
export class Attempt implements HeldTask {
  readonly id: string;
  readonly name: string;
  readonly #setting: AttemptSetting;
  readonly #address: RequestAddress;
  readonly #slot: Slot;
  readonly #abort = new AbortController();
  readonly #pauses: AttemptPauses;
  readonly #permits: AttemptPermits;
  readonly #cancel: AttemptCancel;
  readonly #deliveredAtMs = Date.now();
  #message: RequestMessage;
  #number = 1;
  /** Whether the task ended with this attempt: then there is nothing left to cancel. */
  #hasEnded = false;
  #isSuperseded = false;
  /** The lost executor that this one took the task over from, until that one was notified. */
  #lostExecutor: string | undefined;
  #writer: EventWriter | undefined;
  #execution: Execution | undefined;

  constructor(setting: AttemptSetting, address: RequestAddress, message: RequestMessage, slot: Slot) {
    const { broker, logger, limits, shutdownDeadline } = setting;
    const { signal } = this.#abort;
    this.#setting = setting;
    this.#address = address;
    this.#message = message;
    this.#slot = slot;
    this.id = address.id;
    this.name = address.name;
    this.#pauses = new AttemptPauses(signal, slot);
    this.#permits = new AttemptPermits({ broker, limits, task: address, slot, signal, shutdownDeadline });
    this.#cancel = new AttemptCancel(this.#abort, async reason => {
      try {
        // `undefined` before the execution: then the attempt's last event alone records the cancel.
        return await this.#execution?.writeStopping(reason);
      } catch (err) {
        logger.warn({ err, taskId: this.id }, 'the stopping event could not be written');
        return undefined;
      }
    });
  }

  /** The number of this attempt, from 1. */
  get number(): number {
    return this.#number;
  }

  /** Whether the attempt executes its handler. */
  get isExecuting(): boolean {
    return this.#execution !== undefined;
  }

  get isHeld(): boolean {
    return !this.#isSuperseded;
  }

  /** The request was delivered again to this executor, which still works on it: the newer delivery is answered. */
  adopt(message: RequestMessage): void {
    this.#message = message;
    message.heartbeat();
    // Between the two deliveries another executor may have had the task, and may have been lost.
    this.#setting.rechecks.soon(this);
  }

  /** Extends the time until the request is delivered to another executor. */
  heartbeat(): void {
    this.#message.heartbeat();
  }

  /** NATS does not answer: aborts the handler, since another executor may run the task by now. */
  cutOff(): void {
    this.#abort.abort(
      new AttemptAborted('CUT_OFF', 'NATS does not answer; another executor may run the task by now.'),
    );
  }

  /** Reads the log, and ends the handler if the task continued without this attempt. */
  async recheck(): Promise<void> {
    this.#execution?.recheck();
    await this.#writer?.check();
  }

  /**
   * Writes, while the process exits, what must not get lost.
   * @returns whether something was written
   */
  writeAtExit(): boolean {
    return this.#execution?.writeStartedAtExit() ?? false;
  }

  /** The executor drains: releases the task if it waits for a permit or is paused, now or as soon as it is. */
  drain(): void {
    if (this.#permits.isWaiting) this.release();
    this.#pauses.drain(() => this.release());
  }

  /** Aborts the handler, since the executor shuts down: another executor will run the task. */
  release(): void {
    this.#abort.abort(
      new AttemptAborted('RELEASED', 'The executor shuts down; another executor will run the task.'),
    );
  }

  /** Processes the request. Resolves when the handler has ended and its slot is free. Never rejects. */
  async run(): Promise<void> {
    const heartbeat = this.#setting.heartbeats.start(() => this.#message);
    const listeners = this.#listen();
    let processed = nothingRuns;
    try {
      const request = decode(requestSchema, this.#message.subject, this.#message.data);
      processed = await this.#process(request);
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#cancel.end(this.#hasEnded);
      this.#pauses.end();
      for (const listener of listeners) listener.stop();
      heartbeat.stop();
    }
    await processed.handlerEnded;
    await this.#permits.release(this.#hasEnded);
  }

  /** Subscribes to cancels and pauses of the task: before the claim, and on the same connection, see `claimTask`. */
  #listen(): { stop(): void }[] {
    const { broker, logger, executor } = this.#setting;
    const options = { broker, logger, taskId: this.id, executor, attempt: () => this.#number };
    const cancels = listenForCancel({ ...options, onCancel: reason => this.#cancel.request(reason) });
    // Only where the task can be paused: most tasks are too short to pay for one more subscription.
    if (!this.#setting.taskOf(this.name)?.definition.policy.pausable) return [cancels];
    return [cancels, listenForControl({ ...options, onRequest: request => this.#pauses.request(request) })];
  }

  #failed(error: unknown): void {
    // As fields, not as a child logger: making one takes longer than most attempts log anything.
    const task = { taskId: this.id, task: this.name };
    const { logger, shutdownDeadline } = this.#setting;
    if (error instanceof BadMessageError) {
      // No task can be made of it, so there is no owner to notify; and another delivery would not fix it.
      logger.error({ ...task, err: error }, 'a request that does not fit the protocol was dropped');
      this.#message.ack();
    } else if (!shutdownDeadline.aborted) {
      const level = isUnavailable(error) ? 'warn' : 'error';
      logger[level](
        { ...task, err: error },
        'the request could not be processed; it will be delivered again',
      );
      this.#message.release(troubleDelayMs);
    }
  }

  async #process(request: TaskRequest): Promise<Processed> {
    const task = this.#setting.taskOf(this.name);
    if (!task) throw new Error(`This executor has no handler for ${this.name}.`);
    const policy = policyOf(task.definition.policy, request);
    const deadlineMs = deadlineOf(policy, request);
    const limits = { maxLosses: policy.maxLosses, deadlineMs, startBy: request.startBy };
    const claim = await this.#claimAndAdmit(request, task, limits);
    if (!claim) return nothingRuns;
    if (claim.do === 'run') this.#number = claim.attempt;
    const writer = this.#openLog(request, claim);
    this.#writer = writer;
    if (claim.do !== 'run') {
      await this.#endWithoutAttempt(claim, writer);
      return nothingRuns;
    }
    const context: AttemptContext = {
      setting: this.#setting,
      address: this.#address,
      task,
      request,
      claim,
      fence: fenceOf(claim.attempt, this.#message.deliveries),
      policy,
      deadlineMs,
      writer,
      slot: this.#slot,
      abort: this.#abort,
      cancel: this.#cancel,
      pauses: this.#pauses,
    };
    const observed = {
      task: this.#address,
      attempt: claim.attempt,
      traceparent: this.#message.traceparent,
      after: claim.end.lastSeq,
      lost: this.#lostExecutor,
    };
    return observeAttempt(this.#setting, observed, report => this.#execute(context, report));
  }

  /**
   * Claims the task and takes it through its limits.
   * @returns what is to be written; `undefined` where the request was answered, or another executor's is the answer
   */
  async #claimAndAdmit(
    request: TaskRequest,
    { definition }: RunnableTask,
    limits: ClaimLimits,
  ): Promise<WrittenClaim | undefined> {
    const { broker, executor, firstDeliveries } = this.#setting;
    const claimNow = () => claimTask(broker, this.#address, request, limits, executor);
    const isFirst = firstDeliveries.isFirst(this.#message);
    let claim: TaskClaim =
      (isFirst && (await claimFirstDelivery(broker, request, limits))) || (await claimNow());
    if (claim.do === 'run') {
      const { deliveries } = this.#message;
      const admission = await this.#permits.acquire(definition, request, claim.attempt, deliveries);
      const isAborted = admission.do === 'stop';
      if (admission.do === 'release' || (isAborted && !this.#cancel.isCanceled)) {
        this.#message.release(isAborted ? 0 : admission.delayMs);
        return undefined;
      }
      if (isAborted) claim = { do: 'cancel', end: claim.end, reason: this.#cancel.reason };
      // The task may have changed while it waited for its permits.
      else if (this.#isLate()) claim = await claimNow();
    }
    this.#lostExecutor = claim.lost;
    switch (claim.do) {
      case 'leave':
        // Neither acknowledged nor released: the other executor's heartbeats keep this delivery as well.
        this.#isSuperseded = true;
        return undefined;
      case 'acknowledge':
        this.#hasEnded = true;
        this.#message.ack();
        return undefined;
      case 'wait':
        if (this.#cancel.isCanceled) return claim;
        this.#message.release(Math.max(1, claim.untilMs - this.#setting.broker.clock.nowMs()));
        return undefined;
      default:
        return claim;
    }
  }

  async #endWithoutAttempt(claim: Exclude<WrittenClaim, { do: 'run' }>, writer: EventWriter): Promise<void> {
    if (claim.do === 'fail') {
      const result = await writer.append({ type: 'failed', error: claim.error });
      if (result === 'accepted') this.#answer({ do: 'acknowledge', end: 'failed' });
      return;
    }
    // A task that waits for its next attempt (`wait`) gets here only when it was canceled.
    const reason = claim.do === 'cancel' ? claim.reason : this.#cancel.reason;
    const result = await writer.append({ type: 'canceled', ...(reason === undefined ? {} : { reason }) });
    if (result === 'accepted') this.#answer({ do: 'acknowledge', end: 'canceled' });
  }

  async #execute(context: AttemptContext, report: (outcome: AttemptOutcome) => void): Promise<Processed> {
    const execution = new Execution(context, {
      // Redelivered or late: another executor may have begun. A process that was suspended while it claimed is late.
      isContended: this.#message.redelivered || context.claim.attempt > 1 || this.#isLate(),
      onStarted: () => this.#notifyLost(),
    });
    this.#execution = execution;
    const { ending, handlerEnded } = await execution.run();
    const answer = await settle(ending, context, execution);
    this.#answer(answer);
    report(outcomeOf(answer));
    return { handlerEnded };
  }

  #openLog(request: TaskRequest, { end }: WrittenClaim): EventWriter {
    const { broker, executor, logger, shutdownDeadline } = this.#setting;
    const attempt = this.#number;
    return new EventWriter({
      broker,
      task: this.#address,
      request,
      attempt,
      executor,
      end,
      onRefused: why => this.#refused(why),
      onRead: state => this.#pauses.follow(isToPause(state)),
      onUnfit: (event, err) =>
        logger.error(
          { taskId: this.id, task: this.name, attempt, event, err },
          'an event that does not fit the protocol was not written',
        ),
      shutdownDeadline,
    });
  }

  /** Whether so much time has passed since the delivery that the server may have delivered the request elsewhere. */
  #isLate(): boolean {
    return Date.now() - this.#deliveredAtMs > heartbeatMs;
  }

  /** Notifies the executor that had the task, once the log has an event without it: it may only have been suspended. */
  #notifyLost(): void {
    if (this.#lostExecutor !== undefined) notifyHolder(this.#setting.broker, this.#lostExecutor, this.id);
    this.#lostExecutor = undefined;
  }

  /** The log has events without this attempt, or a cancel: the handler must end. */
  #refused(why: 'superseded' | 'stop'): void {
    if (why === 'superseded') this.#isSuperseded = true;
    this.#abort.abort(
      why === 'superseded'
        ? new AttemptAborted('SUPERSEDED', 'The task has ended, or another executor runs it.')
        : new AttemptAborted('CANCELED', 'The task was canceled.'),
    );
  }

  #answer(answer: Answer): void {
    switch (answer.do) {
      case 'acknowledge':
        this.#hasEnded = true;
        this.#notifyLost();
        this.#message.ack();
        return;
      case 'release':
        // Superseded: the request belongs to another executor.
        if (!this.#isSuperseded) this.#message.release(answer.delayMs);
        return;
      case 'nothing':
        return;
    }
  }
}
