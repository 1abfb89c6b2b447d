import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Broker, encode, readCommand } from '@longhaul/broker';
import { type ControlReply, type ControlRequest, controlRequestSchema } from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import type { PausePort } from '../handler/handlerCall.ts';
import type { Slot } from '../queue/slotPool.ts';
import type { EventWriter } from './eventWriter.ts';
import type { StartedGate } from './startedGate.ts';
import type { TimeLimits } from './timers.ts';

/** A handler that runs from checkpoint to checkpoint gives way to the event loop this often. */
const turnEveryMs = 20;

/** What the pauses need of the context of an attempt: the part of `AttemptContext` that they read. */
export type PauseContext = {
  readonly setting: { readonly executor: string };
  readonly claim: { readonly attempt: number; readonly toPause?: true };
  readonly writer: EventWriter;
};

/** What the pauses need of an attempt that executes. */
type Executing = {
  readonly context: PauseContext;
  readonly gate: StartedGate;
  readonly limits: TimeLimits;
};

/**
 * Pauses and resumes one attempt.
 *
 * A request is in the event log (`pausing`, `resumed`) before it is answered, so it outlives this executor. `paused`
 * means that the handler has come to a checkpoint. One writer writes all three in turn, and `paused` only while a pause
 * is requested; so it never stands behind the `resumed` that it should have heeded. Where a gateway wrote that
 * `resumed`, the append of `paused` is refused, and dropped.
 *
 * While an attempt is paused, its heartbeats continue, its slot is lent, and its own time limit stands still.
 */
export class AttemptPauses implements PausePort {
  readonly #signal: AbortSignal;
  readonly #slot: Slot;
  readonly #executing = Promise.withResolvers<Executing>();
  #hasBegun = false;
  #listener: (isPauseRequested: boolean) => void = () => {};
  #isPauseRequested = false;
  /** Resolved when the task is resumed. */
  #resumed = Promise.withResolvers<void>();
  /** Requests are processed one after the other. */
  #turn: Promise<void> = Promise.resolve();
  #unanswered = 0;
  /** The pause that all current checkpoints wait for. */
  #pause: Promise<void> | undefined;
  #turnedAtMs = performance.now();
  #isPaused = false;
  #release: (() => void) | undefined;

  constructor(signal: AbortSignal, slot: Slot) {
    this.#signal = signal;
    this.#slot = slot;
    this.#executing.promise.catch(() => {});
  }

  /** The attempt executes: requests can be written from now on. */
  begin(context: PauseContext, gate: StartedGate, limits: TimeLimits): void {
    this.#hasBegun = true;
    this.#apply(context.claim.toPause ?? false);
    this.#executing.resolve({ context, gate, limits });
  }

  /** The attempt is over: a request that comes now is not in the log, and must not be answered. */
  end(): void {
    if (!this.#hasBegun) this.#executing.reject(new Error('The attempt is over.'));
  }

  /** The executor drains: a paused task is released, now and as soon as it is paused, since a resume may never come. */
  drain(release: () => void): void {
    this.#release = release;
    if (this.#isPaused) release();
  }

  /** Resolves when the request is in the event log. */
  request({ do: what, by }: ControlRequest): Promise<void> {
    this.#unanswered += 1;
    const done = this.#turn.then(async () => {
      const { context, gate } = await this.#executing.promise;
      const isPause = what === 'pause';
      if (this.#isPauseRequested === isPause) return;
      if ((await gate.open()) !== 'accepted') throw new Error('The attempt is over.');
      // Before `resumed` is written, so that no checkpoint writes its `paused` behind it.
      if (!isPause) this.#set(false);
      const result = await context.writer.append({ type: isPause ? 'pausing' : 'resumed', by });
      if (result !== 'accepted') throw new Error('The attempt is over.');
      this.#apply(isPause);
    });
    this.#turn = done
      .catch(() => {})
      .finally(() => {
        this.#unanswered -= 1;
      });
    return done;
  }

  /** The event log was read: a gateway that got no answer in time has written the requested state there itself. */
  follow(isPauseRequested: boolean): void {
    // A request in progress is newer than what was read.
    if (this.#unanswered === 0 && this.#isPauseRequested !== isPauseRequested) this.#apply(isPauseRequested);
  }

  readonly onRequest: PausePort['onRequest'] = listener => {
    this.#listener = listener;
    listener(this.#isPauseRequested);
  };

  readonly checkpoint = async (): Promise<void> => {
    // Without this, a loop of nothing but checkpoints would never let a request in.
    if (performance.now() - this.#turnedAtMs > turnEveryMs) {
      await nextTurn();
      this.#turnedAtMs = performance.now();
    }
    this.#signal.throwIfAborted();
    while (this.#isPauseRequested) {
      this.#pause ??= this.#waitForResume().finally(() => {
        this.#pause = undefined;
      });
      await this.#pause;
      this.#signal.throwIfAborted();
    }
  };

  async #waitForResume(): Promise<void> {
    const { context, gate, limits } = await this.#executing.promise;
    const { writer, claim, setting } = context;
    if ((await gate.open()) !== 'accepted') throw this.#overError();
    limits.pauseAttempt();
    try {
      await this.#slot.lendWhile(undefined, this.#signal, async () => {
        // Resumed since: a `paused` from here on would stand behind the `resumed`.
        if (!this.#isPauseRequested) return;
        const resumed = this.#resumed.promise;
        const { executor } = setting;
        const result = await writer.append({ type: 'paused', attempt: claim.attempt, executor });
        if (result === 'superseded' || result === 'stop') throw this.#overError();
        if (result !== 'accepted') return;
        this.#isPaused = true;
        this.#release?.();
        await orAborted(resumed, this.#signal);
      });
    } finally {
      this.#isPaused = false;
      limits.resumeAttempt();
    }
  }

  /** Thrown by a checkpoint of an attempt that is over: without it the handler would ask again and again. */
  #overError(): unknown {
    return this.#signal.aborted ? this.#signal.reason : new Error('The attempt is over.');
  }

  #set(isPauseRequested: boolean): void {
    this.#isPauseRequested = isPauseRequested;
    this.#listener(isPauseRequested);
  }

  #apply(isPauseRequested: boolean): void {
    this.#set(isPauseRequested);
    if (isPauseRequested) return;
    this.#resumed.resolve();
    this.#resumed = Promise.withResolvers();
  }
}

/** Resolves with a promise, or when the signal is aborted. */
async function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<void>();
  const onAbort = () => aborted.resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  await Promise.race([promise, aborted.promise]);
  signal.removeEventListener('abort', onAbort);
}

/** What the listener needs to answer. */
export type ControlListenerOptions = {
  readonly broker: Broker;
  readonly logger: Logger;
  readonly taskId: string;
  readonly executor: string;
  readonly attempt: () => number;
  /** Resolves when the request is in the event log, so that it outlives this executor. */
  readonly onRequest: (request: ControlRequest) => Promise<void>;
};

/** Answers `tasks.control.<id>` as long as this executor has the task. */
export function listenForControl(options: ControlListenerOptions): { stop(): void } {
  const { broker, logger, taskId, executor } = options;
  const subscription = broker.nc.subscribe(broker.topology.subjects.control(taskId), {
    callback: (error, message) => {
      if (error) {
        logger.error({ err: error, taskId }, 'the subscription to pauses failed');
        return;
      }
      const request = readCommand(broker, logger, controlRequestSchema, message, ['gateway']);
      if (!request) return;
      const reply = (): ControlReply => ({ v: 1, accepted: true, executor, attempt: options.attempt() });
      options
        .onRequest(request)
        .then(() => message.respond(encode(reply())))
        .catch((err: unknown) =>
          logger.warn(
            { err, taskId },
            `the ${request.do} could not be written; the gateway writes it instead`,
          ),
        );
    },
  });
  return { stop: () => subscription.unsubscribe() };
}
