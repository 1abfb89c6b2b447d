import type { Priority } from '@longhaul/proto/wire';
import type { PullState } from './slots.ts';

/**
 * How long a pull waits at the server for messages. The pulls of an executor that is frozen or cut off live on at the
 * server, and swallow what is delivered to them until `ack_wait` is over. Shorter than `ack_wait`, so that no such
 * pull is left when the tasks of that executor are delivered again.
 */
const shortestExpiryMs = 2_000;
/** With very many consumers, an idle executor asks for no more than so many pulls a second. */
const idlePullsPerSecond = 250;
/** A pull that has no answer this long after its expiry was lost with a connection or a leader. */
const lostAfterMs = 1_000;

/** How long each pull waits of an executor that has so many consumers. */
export function pullExpiryMs(consumers: number): number {
  return Math.max(shortestExpiryMs, Math.ceil((consumers * 1_000) / idlePullsPerSecond));
}
/** A consumer that delivered a request within this time is active: it is asked for as many as there are slots. */
const activeForMs = 1_000;

/** The server answers a pull at once when messages wait. A pull that is open this long means that none do. */
const unansweredMs = 100;

/** Keeps account of the pulls on one durable consumer. No I/O. */
export class PullConsumer {
  readonly name: string;
  readonly priority: Priority;
  /** The type of its tasks. */
  readonly task: string;
  readonly #expiresMs: number;
  /** Pulls in the order in which the server serves them: the oldest first. */
  #pulls: { readonly id: number; remaining: number; readonly atMs: number }[] = [];
  #lastDeliveryMs = Number.NEGATIVE_INFINITY;
  #waiting = 0;

  constructor(name: string, priority: Priority, task: string, expiresMs: number) {
    this.name = name;
    this.priority = priority;
    this.task = task;
    this.#expiresMs = expiresMs;
  }

  state(nowMs: number): PullState {
    this.#pulls = this.#pulls.filter(pull => nowMs - pull.atMs < this.#expiresMs + lostAfterMs);
    // Another executor has taken what waited. A stale count would keep slots from other consumers.
    if (nowMs - (this.#pulls[0]?.atMs ?? nowMs) > unansweredMs && nowMs - this.#lastDeliveryMs > unansweredMs)
      this.#waiting = 0;
    return {
      priority: this.priority,
      outstanding: this.#pulls.reduce((sum, pull) => sum + pull.remaining, 0),
      waiting: this.#waiting,
      active: nowMs - this.#lastDeliveryMs < activeForMs,
    };
  }

  asked(id: number, batch: number, nowMs: number): void {
    this.#pulls.push({ id, remaining: batch, atMs: nowMs });
  }

  delivered(waiting: number, nowMs: number): void {
    this.#lastDeliveryMs = nowMs;
    this.#waiting = waiting;
    const oldest = this.#pulls[0];
    if (!oldest) return;
    oldest.remaining -= 1;
    if (oldest.remaining <= 0) this.#pulls.shift();
  }

  /** The server has ended a pull with a status: expired, or refused. */
  ended(id: number): void {
    this.#pulls = this.#pulls.filter(pull => pull.id !== id);
    this.#waiting = 0;
  }

  /** After a reconnect the server has no earlier pull. */
  reset(): void {
    this.#pulls = [];
  }
}
