import { BadMessageError, type Broker, decode } from '@longhaul/broker';
import { type RequestAddress, requestSchema, type TaskDefinition, type TaskRequest } from '@longhaul/proto';
import type { Logger } from 'pino';
import { listenForCancel } from '../cancel/cancelListener.ts';
import { HandlerOutput } from '../handler/handlerOutput.ts';
import type { Handler } from '../handler/taskContext.ts';
import type { RequestMessage } from '../take/requestMessage.ts';
import { AttemptAborted } from './abortReasons.ts';
import { type AppendResult, ChainWriter } from './chainWriter.ts';
import { claimTask } from './claim.ts';
import type { Ending } from './ending.ts';
import { startHeartbeat } from './heartbeat.ts';
import { callHandler } from './runHandler.ts';
import { StartedGate } from './startedGate.ts';

/** What every attempt of one executor shares. */
export type AttemptSetting = {
  readonly broker: Broker;
  readonly logger: Logger;
  readonly executor: string;
  /** Milliseconds that a first delivery may hold its `started` back. */
  readonly holdStartedMs: number;
  readonly definitionOf: (
    name: string,
  ) => { readonly definition: TaskDefinition; readonly handler: Handler<TaskDefinition> } | undefined;
  /** Ends what still waits for NATS: the process is about to end. */
  readonly giveUp: AbortSignal;
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
export class Attempt {
  readonly id: string;
  readonly name: string;
  readonly #setting: AttemptSetting;
  readonly #address: RequestAddress;
  readonly #abort = new AbortController();
  #message: RequestMessage;
  #number = 1;
  #cancelReason: string | undefined;
  readonly #cancelRecorded = Promise.withResolvers<void>();
  #writer: ChainWriter | undefined;
  #gate: StartedGate | undefined;

  constructor(setting: AttemptSetting, address: RequestAddress, message: RequestMessage) {
    this.#setting = setting;
    this.#address = address;
    this.#message = message;
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
        log.error({ err: error }, 'the request could not be worked on; it will be delivered again');
        this.#message.handBack(troubleDelayMs);
      }
      // Not in the chain: whoever waits for that must not be told so.
      this.#cancelRecorded.promise.catch(() => {});
      this.#cancelRecorded.reject(error);
    } finally {
      this.#cancelRecorded.resolve();
      listener.stop();
      heartbeat.stop();
    }
    await worked.handlerEnded;
  }

  async #work(request: TaskRequest): Promise<Worked> {
    const { broker, executor, giveUp } = this.#setting;
    const redelivered = this.#message.redelivered;
    const claim = await claimTask(broker, this.#address, request, redelivered);
    if (claim.do === 'acknowledge') {
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
      giveUp,
    });
    this.#writer = writer;
    if (claim.do !== 'run') {
      const reason = claim.do === 'cancel' ? claim.reason : this.#cancelReason;
      await this.#end(writer.append({ type: 'canceled', ...(reason === undefined ? {} : { reason }) }));
      return nothingRuns;
    }
    return this.#runClaimed(request, writer, redelivered);
  }

  async #runClaimed(request: TaskRequest, writer: ChainWriter, redelivered: boolean): Promise<Worked> {
    const known = this.#setting.definitionOf(this.name);
    if (!known) throw new Error(`This executor has no handler for ${this.name}.`);
    const { definition, handler } = known;
    const startedAt = new Date().toISOString();
    const gate = new StartedGate(redelivered || this.#number > 1 ? 0 : this.#setting.holdStartedMs, () =>
      this.#writeStarted(writer),
    );
    this.#gate = gate;
    const output = new HandlerOutput(definition, this.#number, writer, gate);
    const timeout = this.#startTimeLimit(definition.policy.timeoutMs);
    const { ending, handlerEnded } = await callHandler({
      definition,
      handler,
      task: { id: this.id, name: this.name, owner: request.owner, createdAt: request.createdAt },
      input: request.input,
      attempt: this.#number,
      output,
      signal: this.#abort.signal,
    });
    clearTimeout(timeout);
    await output.flush();
    await this.#settle(ending, writer, gate, startedAt);
    return { handlerEnded };
  }

  #writeStarted(writer: ChainWriter): Promise<AppendResult> {
    return writer.append({ type: 'started', attempt: this.#number, executor: this.#setting.executor });
  }

  /** The chain has gone on without this attempt: so must the handler end. */
  #refused(why: 'superseded' | 'stop'): void {
    this.#abort.abort(
      why === 'superseded'
        ? new AttemptAborted('SUPERSEDED', 'The task has ended, or another executor runs it.')
        : new AttemptAborted('CANCELED', 'The task was canceled.'),
    );
  }

  #startTimeLimit(timeoutMs: number): NodeJS.Timeout | undefined {
    if (timeoutMs === 0) return undefined;
    return setTimeout(
      () => this.#abort.abort(new AttemptAborted('TIMEOUT', `The attempt took longer than ${timeoutMs} ms.`)),
      timeoutMs,
    );
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
      await writer.append({ type: 'stopping', ...(reason === undefined ? {} : { reason }) });
      this.#cancelRecorded.resolve();
    } catch (err) {
      this.#setting.logger.warn({ err, taskId: this.id }, 'the stopping event could not be written');
    }
  }

  async #settle(ending: Ending, writer: ChainWriter, gate: StartedGate, startedAt: string): Promise<void> {
    const attempt = this.#number;
    const { executor } = this.#setting;
    switch (ending.kind) {
      case 'handedBack':
        this.#message.handBack();
        return;
      case 'superseded':
        // Not acknowledged: the request is now another executor's to finish, and an acknowledgement of ours would
        // take it off the queue while that one can still die. If the task has ended, its ender acknowledges.
        return;
      case 'completed':
        gate.close();
        await this.#end(
          writer.append({ type: 'completed', attempt, executor, startedAt, output: ending.output }),
        );
        return;
      case 'failed':
        gate.close();
        await this.#end(writer.append({ type: 'failed', attempt, executor, startedAt, error: ending.error }));
        return;
      case 'canceled':
        await this.#end(
          writer.append({
            type: 'canceled',
            ...(this.#cancelReason === undefined ? {} : { reason: this.#cancelReason }),
            ...(ending.handlerStillRunning ? { handlerStillRunning: true } : {}),
          }),
        );
    }
  }

  /** Acknowledges once our end is in the chain. Refused: see `superseded` in `#settle`. */
  async #end(append: Promise<AppendResult>): Promise<void> {
    if ((await append) === 'accepted') this.#message.ack();
  }
}
