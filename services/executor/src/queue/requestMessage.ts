import { firstPublishHeader } from '@longhaul/proto/wire';
import type { Msg } from '@nats-io/nats-core';

/** A request that the work queue has delivered, and the answers to it. */
export type RequestMessage = {
  readonly subject: string;
  readonly data: Uint8Array;
  /** Where its answers go. */
  readonly reply: string;
  readonly traceparent: string | undefined;
  /** The consumer that delivered it. */
  readonly consumer: string;
  /** Whether it was delivered before: to an executor that released it, or was lost. */
  readonly redelivered: boolean;
  /** How often it was delivered, this delivery included. */
  readonly deliveries: number;
  /** How many requests wait behind it in its consumer. */
  readonly waiting: number;
  /** Its sequence in the request stream. */
  readonly streamSeq: number;
  /** The number of this delivery among all of its consumer. */
  readonly consumerSeq: number;
  /** When it was stored, by the server's clock, in milliseconds since the epoch. */
  readonly storedAtMs: number;
  /** Whether its gateway says that nothing was published under its id before: see `firstPublishHeader`. */
  readonly isFirstPublish: boolean;
  /** Removes the request from the queue: the task has ended. */
  ack(): void;
  /** Has the request delivered again, to any free executor, after `delayMs` (default: at once). */
  release(delayMs?: number): void;
  /** Reports that it is still worked on: the server's `ack_wait` starts again. */
  heartbeat(): void;
};

/**
 * Reads what a pull brought. `undefined`: a status message, not a request.
 *
 * The reply subject tells the delivery (NATS ADR-15): `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.
 * <consumer seq>.<time>.<pending>`, with domain and account hash after `$JS.ACK` in the newer form.
 */
export function readRequestMessage(message: Msg): RequestMessage | undefined {
  const tokens = message.reply?.split('.') ?? [];
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK') return undefined;
  const offset = tokens.length > 9 ? 4 : 2;
  const deliveries = Number(tokens[offset + 2]) || 1;
  return {
    subject: message.subject,
    data: message.data,
    reply: message.reply ?? '',
    traceparent: message.headers?.get('traceparent') || undefined,
    consumer: tokens[offset + 1] ?? '',
    redelivered: deliveries > 1,
    deliveries,
    waiting: Number(tokens[offset + 6]) || 0,
    streamSeq: Number(tokens[offset + 3]) || 0,
    consumerSeq: Number(tokens[offset + 4]) || 0,
    // Nanoseconds: more digits than a number has, and none of them matters here.
    storedAtMs: Number(tokens[offset + 5]) / 1_000_000 || 0,
    isFirstPublish: message.headers?.has(firstPublishHeader) ?? false,
    ack: () => message.respond('+ACK'),
    release: delayMs =>
      message.respond(delayMs ? `-NAK ${JSON.stringify({ delay: delayMs * 1_000_000 })}` : '-NAK'),
    heartbeat: () => message.respond('+WPI'),
  };
}

/** How a task ended. */
export type TaskEnd = 'completed' | 'failed' | 'canceled';

/** The answer to a delivered request. */
export type Answer =
  /** The end of the task is in its event log: the request leaves the queue. */
  | { readonly do: 'acknowledge'; readonly end: TaskEnd }
  /** The request is delivered again: at once, or after the backoff. */
  | { readonly do: 'release'; readonly why: 'shutdown' | 'retry'; readonly delayMs: number }
  /**
   * Another executor has the task: our acknowledgement would take the request off the queue while that executor can
   * still be lost. If the task has ended, the executor that ended it acknowledges.
   */
  | { readonly do: 'nothing' };
