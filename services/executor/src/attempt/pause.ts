import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Broker, encode, readCommand } from '@longhaul/broker';
import { type ControlReply, type ControlRequest, controlRequestSchema } from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import type { PausePort } from '../handler/handlerCall.ts';
import type { Slot } from '../queue/slotPool.ts';
import type { EventWriter } from './eventWriter.ts';
import type { StartedGate } from './startedGate.ts';
import type { TimeLimits } from './timers.ts';

/** A handler whose checkpoints follow each other without a pause lets everything else happen this often. */
const turnEveryMs = 20;

/** What an attempt has once its task is claimed. */
type Claimed = {
  readonly writer: EventWriter;
  readonly gate: StartedGate;
  readonly limits: TimeLimits;
  readonly attempt: number;
  readonly executor: string;
  /** Whether the chain says that it is to pause. */
  readonly toPause: boolean;
};

/**
 * Pauses and resumes one attempt.
 *
 * What is requested is in the chain (`pausing`, `resumed`) before it is answered, so it outlives this executor; `paused`
 * says that the handler has come to a checkpoint. All three are written in turn by one writer, and `paused` only while
 * the request is there, so it never stands behind the `resumed` that it should have heeded; where a gateway wrote that one,
 * the `paused` is refused, and dropped.
 *
 * While it is paused the attempt goes on to say that it lives, its slot is lent, and its own time limit stands still.
 */
export class AttemptPauses implements PausePort {
  readonly #signal: AbortSignal;
  readonly #slot: Slot;
  readonly #claimed = Promise.withResolvers<Claimed>();
  #hasBegun = false;
  #listener: (toPause: boolean) => void = () => {};
  #toPause = false;
  /** Resolved when the task is resumed. */
  #resumed = Promise.withResolvers<void>();
  /** Requests are dealt with one after the other. */
  #turn: Promise<void> = Promise.resolve();
  #asked = 0;
  /** The pause that all checkpoints of the moment wait for. */
  #pause: Promise<void> | undefined;
  #turnedAtMs = performance.now();
  #isResting = false;
  #handBack: (() => void) | undefined;

  constructor(signal: AbortSignal, slot: Slot) {
    this.#signal = signal;
    this.#slot = slot;
    this.#claimed.promise.catch(() => {});
  }

  begin(claimed: Claimed): void {
    this.#hasBegun = true;
    this.#request(claimed.toPause);
    this.#claimed.resolve(claimed);
  }

  /** The attempt is over: what is asked now is not in the chain, and must not be answered. */
  end(): void {
    if (!this.#hasBegun) this.#claimed.reject(new Error('The attempt is over.'));
  }

  /** The executor stops: nobody can say when a task that rests goes on, so it is not waited for. */
  drain(handBack: () => void): void {
    this.#handBack = handBack;
    if (this.#isResting) handBack();
  }

  /** Resolves when what is asked for is in the chain. */
  request({ do: what, by }: ControlRequest): Promise<void> {
    this.#asked += 1;
    const done = this.#turn.then(async () => {
      const { writer, gate } = await this.#claimed.promise;
      const toPause = what === 'pause';
      if (this.#toPause === toPause) return;
      if ((await gate.open()) !== 'accepted') throw new Error('The attempt is over.');
      // Before `resumed` is written, so that no checkpoint puts its `paused` behind it.
      if (!toPause) this.#set(false);
      const result = await writer.append({ type: toPause ? 'pausing' : 'resumed', by });
      if (result !== 'accepted') throw new Error('The attempt is over.');
      this.#request(toPause);
    });
    this.#turn = done
      .catch(() => {})
      .finally(() => {
        this.#asked -= 1;
      });
    return done;
  }

  /** The chain was read: a gateway that got no answer in time has written there what is requested. */
  follow(toPause: boolean): void {
    if (this.#asked === 0 && this.#toPause !== toPause) this.#request(toPause);
  }

  readonly onRequest: PausePort['onRequest'] = listener => {
    this.#listener = listener;
    listener(this.#toPause);
  };

  readonly checkpoint = async (): Promise<void> => {
    // Else a loop of checkpoints alone would never let a request in.
    if (performance.now() - this.#turnedAtMs > turnEveryMs) {
      await nextTurn();
      this.#turnedAtMs = performance.now();
    }
    this.#signal.throwIfAborted();
    while (this.#toPause) {
      this.#pause ??= this.#waitForResume().finally(() => {
        this.#pause = undefined;
      });
      await this.#pause;
      this.#signal.throwIfAborted();
    }
  };

  async #waitForResume(): Promise<void> {
    const { writer, gate, limits, attempt, executor } = await this.#claimed.promise;
    if ((await gate.open()) !== 'accepted') throw this.#over();
    limits.pauseAttempt();
    try {
      await this.#slot.lendWhile(undefined, this.#signal, async () => {
        // Resumed since: a `paused` from here on would stand behind the `resumed`.
        if (!this.#toPause) return;
        const resumed = this.#resumed.promise;
        const result = await writer.append({ type: 'paused', attempt, executor });
        if (result === 'superseded' || result === 'stop') throw this.#over();
        if (result !== 'accepted') return;
        this.#isResting = true;
        this.#handBack?.();
        await orAborted(resumed, this.#signal);
      });
    } finally {
      this.#isResting = false;
      limits.resumeAttempt();
    }
  }

  /** What a checkpoint throws that comes too late to be heeded: else it would be met again and again. */
  #over(): unknown {
    return this.#signal.aborted ? this.#signal.reason : new Error('The attempt is over.');
  }

  #set(toPause: boolean): void {
    this.#toPause = toPause;
    this.#listener(toPause);
  }

  #request(toPause: boolean): void {
    this.#set(toPause);
    if (toPause) return;
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
  /** Resolves when the request is in the chain, so that it outlives this executor. */
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
          logger.warn({ err, taskId }, `the ${request.do} could not be recorded; the gateway does it`),
        );
    },
  });
  return { stop: () => subscription.unsubscribe() };
}
