import { setTimeout as delay } from 'node:timers/promises';
import {
  appendEvent,
  BadMessageError,
  type Broker,
  type Chain,
  isUnavailable,
  isWrongLastSequence,
  readChain,
} from '@longhaul/broker';
import {
  decideRefusal,
  failureLimits,
  type LifecycleEvent,
  recordOfRequest,
  type TaskAddress,
  type TaskEvent,
  type TaskRecord,
  type TaskRequest,
} from '@longhaul/proto';
import { cleanText } from '../failure/safeRead.ts';

/** How an append ended: in the chain; no longer true; refused for good; or refused because a cancel came first. */
export type AppendResult = 'accepted' | 'dropped' | 'superseded' | 'stop';

const endings: ReadonlySet<TaskEvent['type']> = new Set(['completed', 'failed', 'canceled']);

/** While NATS does not answer, the next try waits this long. */
const retryDelayMs = 200;
/** How many progress and log events may wait for their turn; what comes beyond them is dropped, and said so. */
export const maxWaiting = 256;

type WriterOptions = {
  readonly broker: Broker;
  readonly task: TaskAddress;
  readonly request: TaskRequest;
  readonly attempt: number;
  readonly executor: string;
  /** The sequence of the chain's last event when the task was claimed. */
  readonly after: number;
  /** Told when an event is refused because the attempt is history, or a cancel was recorded. */
  readonly onRefused: (why: 'superseded' | 'stop') => void;
  /** Told of the chain whenever it was read. */
  readonly onRead?: (chain: TaskRecord) => void;
  /** Told of an event that was not written, since it does not fit the protocol. */
  readonly onUnfit?: (event: TaskEvent['type'], error: BadMessageError) => void;
  /** Ends the tries while NATS does not answer: the executor is being ended. */
  readonly giveUp: AbortSignal;
};

/** An event without what the writer adds: version, owner, time and, in the first of a chain, the request. */
export type NewEvent<E extends TaskEvent> = E extends TaskEvent
  ? Omit<E, 'v' | 'owner' | 'at' | 'task'>
  : never;
type Saying = NewEvent<Exclude<TaskEvent, LifecycleEvent>>;

/**
 * Writes one attempt's events to its task's chain, one at a time, each after the one before it.
 *
 * Progress and log events expect their predecessor like all others, though no one waits for them: their sequence
 * becomes what the attempt's end expects. If they went in unconditionally, a slow executor's progress would land
 * behind the `started` of the one that took its task over, and its end, expecting that progress, would be accepted:
 * invariant 2, ends-once, would rest on luck. So a superseded attempt learns of it with the next thing it says.
 */
export class ChainWriter {
  readonly #options: WriterOptions;
  #last: number;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** Whether an event of this attempt is in the chain. */
  #begun = false;
  /** Once superseded, for good: knowing the chain's last event by now must not make a late end acceptable. */
  #superseded = false;
  /** Nothing follows the end: a cancel may come, and write `stopping`, while that one is being written. */
  #ended = false;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#last = options.after;
  }

  /** Whether one more progress or log event may be published now. */
  get hasRoom(): boolean {
    return this.#waiting < maxWaiting;
  }

  /** Appends a progress or log event in its turn. While NATS does not answer it is let go: the next says more. */
  publish(event: Saying): void {
    this.#waiting += 1;
    this.#turn = this.#turn
      .then(() => this.#appendNow(event, 'once'))
      .catch(() => {})
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  /**
   * Appends a lifecycle event, after everything that was written before.
   *
   * Keeps trying while NATS does not answer; a try whose acknowledgement was lost is recognised in the chain.
   * @throws the reason of `giveUp`
   */
  append(event: NewEvent<LifecycleEvent>): Promise<AppendResult> {
    const result = this.#turn.then(() => this.#appendNow(event, 'until answered'));
    this.#turn = result.catch(() => {});
    return result;
  }

  async #appendNow(given: NewEvent<TaskEvent>, tries: 'once' | 'until answered'): Promise<AppendResult> {
    const { broker, task, giveUp, attempt, executor, onRefused, onUnfit } = this.#options;
    let event = given;
    while (!this.#superseded && !this.#ended) {
      giveUp.throwIfAborted();
      try {
        const ack = await appendEvent(broker, task, this.#complete(event), this.#last);
        this.#last = ack.seq;
        this.#begun = true;
        this.#ended = endings.has(event.type);
        return 'accepted';
      } catch (error) {
        if (error instanceof BadMessageError) {
          onUnfit?.(event.type, error);
          const instead = event === given ? failureInstead(event, error) : undefined;
          // Of a progress or a log line the next says more.
          if (!instead) throw error;
          event = instead;
          continue;
        }
        if (isUnavailable(error) && tries === 'until answered') {
          await delay(retryDelayMs, undefined, { signal: giveUp });
          continue;
        }
        if (!isWrongLastSequence(error)) throw error;
      }
      const chain = await this.#readWhenAnswered();
      const mine = { type: event.type, attempt, executor, begun: this.#begun };
      const refusal = decideRefusal(chain.record, chain.lastSeq, mine);
      this.#last = chain.lastSeq;
      this.#superseded = refusal.do === 'superseded';
      this.#ended = refusal.do === 'accepted' && endings.has(event.type);
      if (refusal.do === 'superseded' || refusal.do === 'stop') onRefused(refusal.do);
      if (refusal.do === 'accepted' || refusal.do === 'superseded') return refusal.do;
      if (refusal.do === 'drop') return 'dropped';
      // How far the handler got is worth saying while it obeys a cancel; any other event gives way to it.
      if (refusal.do === 'stop' && tries === 'until answered') return 'stop';
    }
    return 'superseded';
  }

  /** Looks at the chain in its turn; where that has gone on without this attempt, says so as a refusal would. */
  check(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#checkNow()).catch(() => {});
    return this.#turn.then(() => {});
  }

  async #checkNow(): Promise<void> {
    const { attempt, executor, onRefused } = this.#options;
    if (this.#superseded || this.#ended) return;
    const chain = await this.#readWhenAnswered();
    // As if a progress had been refused: it ends nothing and takes nothing over.
    const mine = { type: 'progress', attempt, executor, begun: this.#begun } as const;
    const refusal = decideRefusal(chain.record, chain.lastSeq, mine);
    this.#superseded = refusal.do === 'superseded';
    if (refusal.do === 'superseded' || refusal.do === 'stop') onRefused(refusal.do);
  }

  /** Resolves when everything that was given to the writer so far is in the chain, or let go. */
  async flushed(): Promise<void> {
    await this.#turn;
  }

  async #readWhenAnswered(): Promise<Chain> {
    const { broker, task, request, giveUp, onRead } = this.#options;
    for (;;) {
      try {
        const unbegun = recordOfRequest(task.id, task.name, request);
        const chain = await readChain(broker, task, unbegun, 'leader');
        onRead?.(chain.record);
        return chain;
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        await delay(retryDelayMs, undefined, { signal: giveUp });
      }
    }
  }

  #complete<E extends NewEvent<TaskEvent>>(event: E) {
    const { request } = this.#options;
    return {
      v: 1 as const,
      ...event,
      owner: request.owner,
      at: new Date().toISOString(),
      // In the first event of the chain, so that the record can be made of events alone.
      ...(this.#last === 0 ? { task: request } : {}),
    };
  }
}

/** An attempt's end that does not fit the protocol becomes one that says so: a task without an end would be stuck. */
function failureInstead(event: NewEvent<TaskEvent>, why: BadMessageError): NewEvent<TaskEvent> | undefined {
  const error = { code: 'HANDLER_ERROR', message: cleanText(why.message, failureLimits.messageChars) };
  switch (event.type) {
    case 'retrying':
    case 'failed':
      return { ...event, error };
    case 'completed': {
      const { output: _output, outputRef: _ref, ...rest } = event;
      return { ...rest, type: 'failed', error };
    }
    default:
      return undefined;
  }
}
