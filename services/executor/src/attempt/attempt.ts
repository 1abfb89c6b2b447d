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
import type { RequestMessage } from '../queue/requestMessage.ts';
import type { Slot } from '../queue/slotPool.ts';
import { type AttemptOutcome, observeAttempt, outcomeOf } from '../telemetry/observeAttempt.ts';
import type { AttemptSetting } from './attemptContext.ts';
import { AttemptCancel, listenForCancel } from './cancel.ts';
import { claimTask, type TakenClaim } from './claim.ts';
import { type AppendResult, EventWriter } from './eventWriter.ts';
import { type ClaimedRun, HandlerRun } from './handlerRun.ts';
import { type Held, tellHolder } from './holder.ts';
import { AttemptPauses, listenForControl } from './pause.ts';
import type { Answer, TaskEnd } from './settle.ts';
import { startHeartbeat } from './timers.ts';

/** After a request that cannot be worked on just now, it is delivered again this much later. */
const troubleDelayMs = 1_000;

/** In an object, since a promise in a promise would be waited for too soon. */
type Worked = { readonly handlerEnded: Promise<void> };
const nothingRuns: Worked = { handlerEnded: Promise.resolve() };

/**
 * One delivered request, from claim to acknowledgement: claim → call the handler → settle → acknowledge.
 *
 * Invariant 1, accepted-is-durable: the request leaves the queue only after a terminal event is in the task's log. Until
 * then it is delivered again whenever this executor stops to say that it works on it.
 */
export class Attempt implements Held {
  readonly id: string;
  readonly name: string;
  readonly #setting: AttemptSetting;
  readonly #address: RequestAddress;
  readonly #slot: Slot;
  readonly #abort = new AbortController();
  readonly #pauses: AttemptPauses;
  readonly #permits: AttemptPermits;
  readonly #cancel: AttemptCancel;
  #message: RequestMessage;
  #number = 1;
  /** Whether the task has ended with this attempt: nothing is left to cancel. */
  #hasEnded = false;
  #isSuperseded = false;
  readonly #takenAtMs = Date.now();
  /** The executor that this one took the task over from. */
  #lost: string | undefined;
  #writer: EventWriter | undefined;
  #handlerRun: HandlerRun | undefined;

  constructor(setting: AttemptSetting, address: RequestAddress, message: RequestMessage, slot: Slot) {
    const { broker, logger, limits, giveUp } = setting;
    const { signal } = this.#abort;
    this.#setting = setting;
    this.#address = address;
    this.#message = message;
    this.#slot = slot;
    this.id = address.id;
    this.name = address.name;
    this.#pauses = new AttemptPauses(signal, slot);
    this.#permits = new AttemptPermits({ broker, limits, task: address, slot, signal, giveUp });
    // While the claim is being made, the attempt's last event alone says that it was canceled.
    this.#cancel = new AttemptCancel(this.#abort, async reason => {
      try {
        return await this.#handlerRun?.writeStopping(reason);
      } catch (err) {
        logger.warn({ err, taskId: this.id }, 'the stopping event could not be written');
        return undefined;
      }
    });
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

  /** After a time out of NATS's reach, or when somebody says so: has the log gone on without this attempt? */
  async lookAgain(): Promise<void> {
    this.#message.heartbeat();
    this.#handlerRun?.lookAgain();
    await this.#writer?.check();
  }

  /** The process ends, now. @returns whether something was written */
  writeLastWords(): boolean {
    return this.#handlerRun?.writeLastWords() ?? false;
  }

  /** Whether its handler runs. */
  get hasBegun(): boolean {
    return this.#handlerRun !== undefined;
  }

  /** The executor takes nothing more: what waits for a limit, is paused, or comes to pause now, is handed back at once. */
  drain(): void {
    if (this.#permits.isWaiting) this.handBack();
    this.#pauses.drain(() => this.handBack());
  }

  /** Tells the handler to end, because the executor shuts down: another one will run the task. */
  handBack(): void {
    this.#abort.abort(
      new AttemptAborted('RELEASED', 'The executor shuts down; the task will run elsewhere.'),
    );
  }

  /** Works on the request. Resolves when the handler has ended and its slot is free; never rejects. */
  async run(): Promise<void> {
    const { broker, logger, executor } = this.#setting;
    // As fields, not as a child of the logger: to make one takes longer than most attempts log anything.
    const said = { taskId: this.id, task: this.name };
    const heartbeat = startHeartbeat(() => this.#message);
    // Before the claim, and on the same connection: see `claimTask`.
    const listener = listenForCancel({
      broker,
      logger,
      taskId: this.id,
      executor,
      attempt: () => this.#number,
      onCancel: reason => this.#cancel.tell(reason),
    });
    // Only where it can be paused: most tasks are too short to pay for one more subscription.
    const isPausable = this.#setting.definitionOf(this.name)?.definition.policy.pausable;
    const control = isPausable
      ? listenForControl({
          broker,
          logger,
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
        logger.error({ ...said, err: error }, 'a request that does not fit the protocol was dropped');
        this.#message.ack();
      } else if (!this.#setting.giveUp.aborted) {
        const level = isUnavailable(error) ? 'warn' : 'error';
        logger[level](
          { ...said, err: error },
          'the request could not be worked on; it will be delivered again',
        );
        this.#message.handBack(troubleDelayMs);
      }
    } finally {
      this.#cancel.end(this.#hasEnded);
      this.#pauses.end();
      listener.stop();
      control?.stop();
      heartbeat.stop();
    }
    await worked.handlerEnded;
    await this.#permits.leave(this.#hasEnded);
  }

  async #work(request: TaskRequest): Promise<Worked> {
    const { broker, executor, giveUp } = this.#setting;
    const runnable = this.#setting.definitionOf(this.name);
    if (!runnable) throw new Error(`This executor has no handler for ${this.name}.`);
    const policy = policyOf(runnable.definition.policy, request);
    const deadlineMs = deadlineOf(policy, request);
    const limits = { maxLosses: policy.maxLosses, deadlineMs, startBy: request.startBy };
    const claim = await this.#claim(request, runnable, limits);
    if (!claim) return nothingRuns;
    this.#number = claim.do === 'run' ? claim.attempt : this.#number;
    const attempt = this.#number;
    const writer = new EventWriter({
      broker,
      task: this.#address,
      request,
      attempt,
      executor,
      end: claim.end,
      onRefused: why => this.#refused(why),
      onRead: state => this.#pauses.follow(isToPause(state)),
      onUnfit: (event, err) => {
        const said = { taskId: this.id, task: this.name, attempt, event };
        this.#setting.logger.error(
          { ...said, err },
          'an event that does not fit the protocol was not written',
        );
      },
      giveUp,
    });
    this.#writer = writer;
    if (claim.do === 'fail') {
      await this.#end(writer.append({ type: 'failed', error: claim.error }), 'failed');
      return nothingRuns;
    }
    if (claim.do !== 'run') {
      const reason = claim.do === 'cancel' ? claim.reason : this.#cancel.reason;
      const canceled = writer.append({ type: 'canceled', ...(reason === undefined ? {} : { reason }) });
      await this.#end(canceled, 'canceled');
      return nothingRuns;
    }
    const run: ClaimedRun = {
      ...runnable,
      address: this.#address,
      request,
      writer,
      attempt,
      policy,
      deadlineMs,
      failures: claim.failures,
      toPause: claim.toPause ?? false,
      // Somebody else may have begun meanwhile: so may a process think that was suspended while it claimed.
      isContended: this.#message.redelivered || attempt > 1 || this.#isLate(),
      slot: this.#slot,
      pauses: this.#pauses,
      abort: this.#abort,
      canceled: () => (this.#cancel.isCanceled ? { reason: this.#cancel.reason } : undefined),
      onStarted: () => this.#tellLost(),
    };
    const { traceparent } = this.#message;
    const observed = {
      task: this.#address,
      attempt,
      traceparent,
      after: claim.end.lastSeq,
      lost: this.#lost,
    };
    return observeAttempt(this.#setting, observed, ended => this.#runHandler(run, ended));
  }

  /**
   * Claims the task and takes it through its limits.
   * @returns what is to be written of it, or done; `undefined`: it has been answered, or is not ours to answer
   */
  async #claim(
    request: TaskRequest,
    { definition }: RunnableTask,
    limits: ClaimLimits,
  ): Promise<Exclude<TakenClaim, { do: 'leave' | 'acknowledge' }> | undefined> {
    const { broker, executor } = this.#setting;
    const { deliveries } = this.#message;
    const look = () => claimTask(broker, this.#address, request, limits, executor);
    let claim = await look();
    if (claim.do === 'run') {
      const admission = await this.#permits.enter(definition, request, claim.attempt, deliveries);
      const isStopped = admission.do === 'stop';
      if (admission.do === 'handBack' || (isStopped && !this.#cancel.isCanceled)) {
        this.#message.handBack(isStopped ? 0 : admission.delayMs);
        return undefined;
      }
      if (isStopped) claim = { do: 'cancel', end: claim.end, reason: this.#cancel.reason };
      // Much may have happened while it waited.
      else if (this.#isLate()) claim = await look();
    }
    this.#lost = claim.lost;
    switch (claim.do) {
      case 'leave':
        // Neither acknowledged nor handed back: the other one's heartbeats are for this delivery as well.
        this.#isSuperseded = true;
        return undefined;
      case 'acknowledge':
        this.#hasEnded = true;
        this.#message.ack();
        return undefined;
      case 'wait':
        if (this.#cancel.isCanceled) return claim;
        this.#message.handBack(Math.max(1, claim.untilMs - Date.now()));
        return undefined;
      default:
        return claim;
    }
  }

  async #runHandler(run: ClaimedRun, ended: (outcome: AttemptOutcome) => void): Promise<Worked> {
    const handlerRun = new HandlerRun(this.#setting, run);
    this.#handlerRun = handlerRun;
    const { answer, handlerEnded } = await handlerRun.run();
    this.#answer(answer);
    ended(outcomeOf(answer));
    return { handlerEnded };
  }

  /** Whether so much time has gone by since the delivery that others may have been given the request. */
  #isLate(): boolean {
    return Date.now() - this.#takenAtMs > heartbeatMs;
  }

  /** Once the log has gone on without the executor that had the task, that one is told, should it still be there. */
  #tellLost(): void {
    if (this.#lost !== undefined) tellHolder(this.#setting.broker, this.#lost, this.id);
    this.#lost = undefined;
  }

  /** The log has gone on without this attempt: so must the handler end. */
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
