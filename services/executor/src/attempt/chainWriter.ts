import { setTimeout as delay } from 'node:timers/promises';
import {
  appendEvent,
  type Broker,
  type Chain,
  isUnavailable,
  isWrongLastSequence,
  publishEvent,
  readChain,
} from '@longhaul/broker';
import {
  decideRefusal,
  type LifecycleEvent,
  recordOfRequest,
  type TaskAddress,
  type TaskEvent,
  type TaskRequest,
} from '@longhaul/proto';

/** How an append ended: in the chain; refused for good; or refused because a cancel came first. */
export type AppendResult = 'accepted' | 'superseded' | 'stop';

const endings: ReadonlySet<LifecycleEvent['type']> = new Set(['completed', 'failed', 'canceled']);

/** While NATS does not answer, the next try waits this long. */
const retryDelayMs = 200;
/** How many progress and log events may wait for their acknowledgement; more are dropped by the caller. */
export const maxUnacknowledged = 256;

type WriterOptions = {
  readonly broker: Broker;
  readonly task: TaskAddress;
  readonly request: TaskRequest;
  readonly attempt: number;
  readonly executor: string;
  /** The sequence of the chain's last event when the task was claimed. */
  readonly after: number;
  /** Ends the tries while NATS does not answer: the executor is being ended. */
  readonly giveUp: AbortSignal;
};

/** An event without what the writer adds: version, owner, time and, in the first of a chain, the request. */
export type NewEvent<E extends TaskEvent> = E extends TaskEvent
  ? Omit<E, 'v' | 'owner' | 'at' | 'task'>
  : never;

/** Writes one attempt's events to its task's chain: one lifecycle event at a time, each after the last known one. */
export class ChainWriter {
  readonly #options: WriterOptions;
  #last: number;
  #ended = false;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #unacknowledged = new Set<Promise<void>>();

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#last = options.after;
  }

  /** Whether one more progress or log event may be published now. */
  get hasRoom(): boolean {
    return this.#unacknowledged.size < maxUnacknowledged;
  }

  /** Publishes a progress or log event without waiting. One that is lost is lost: the next says more. */
  publish(event: NewEvent<Exclude<TaskEvent, LifecycleEvent>>): void {
    const { broker, task } = this.#options;
    // In an async function, so that whatever goes wrong is a rejection: nobody could catch it here.
    const sent = (async () => publishEvent(broker, task, this.#complete(event)))()
      .then(ack => {
        this.#last = Math.max(this.#last, ack.seq);
      })
      // A publish that went wrong may still have been stored. Then the next append is refused, and reads the chain.
      .catch(() => {})
      .finally(() => this.#unacknowledged.delete(sent));
    this.#unacknowledged.add(sent);
  }

  /**
   * Appends a lifecycle event, after those appended before it.
   *
   * Nothing is appended after the event that ended the task: a cancel may come while that one is being written.
   * Keeps trying while NATS does not answer; a try whose acknowledgement was lost is recognised in the chain.
   * @throws the reason of `giveUp`
   */
  append(event: NewEvent<LifecycleEvent>): Promise<AppendResult> {
    const result = this.#turn.then(() => this.#appendInTurn(event));
    this.#turn = result.catch(() => {});
    return result;
  }

  async #appendInTurn(event: NewEvent<LifecycleEvent>): Promise<AppendResult> {
    if (this.#ended) return 'superseded';
    const result = await this.#appendNow(event);
    this.#ended = result === 'accepted' && endings.has(event.type);
    return result;
  }

  async #appendNow(event: NewEvent<LifecycleEvent>): Promise<AppendResult> {
    const { broker, task, giveUp, attempt, executor } = this.#options;
    // All events share one subject, so what was published just now counts: its sequence has to be known first.
    await Promise.all(this.#unacknowledged);
    for (;;) {
      giveUp.throwIfAborted();
      try {
        const ack = await appendEvent(broker, task, this.#complete(event), this.#last);
        this.#last = ack.seq;
        return 'accepted';
      } catch (error) {
        if (isWrongLastSequence(error)) {
          const chain = await this.#readWhenAnswered();
          const refusal = decideRefusal(chain.record, chain.lastSeq, { type: event.type, attempt, executor });
          this.#last = chain.lastSeq;
          if (refusal.do !== 'append') return refusal.do;
        } else if (isUnavailable(error)) {
          await delay(retryDelayMs, undefined, { signal: giveUp });
        } else {
          throw error;
        }
      }
    }
  }

  async #readWhenAnswered(): Promise<Chain> {
    const { broker, task, request, giveUp } = this.#options;
    for (;;) {
      try {
        return await readChain(broker, task, recordOfRequest(task.id, task.name, request), 'leader');
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
      ...(this.#last === 0 && event.type !== 'progress' && event.type !== 'log' ? { task: request } : {}),
    };
  }
}
