import { type Broker, isWrongLastSequence, readStream } from '@longhaul/broker';
import type { StoredMsg } from '@nats-io/jetstream';
import { headers } from '@nats-io/nats-core';
import type { Logger } from 'pino';
import { isOutage } from '../errors.ts';

/** How often recurring schedules are checked. Delayed starts can be many and large: see `lookAtAll`. */
const everyMs = 15_000;
/** In a regular check: a schedule that is overdue for so long does not fire by itself. */
const overdueMs = 2_000;

/** Headers of a message schedule (NATS ADR-51). */
const scheduleHeaders = {
  at: 'Nats-Schedule',
  target: 'Nats-Schedule-Target',
  ttl: 'Nats-Schedule-TTL',
  trace: 'traceparent',
} as const;

/**
 * Publishes message schedules again that will never fire. When one is due, nats-server (2.15.1) marks it as in flight until
 * what it fires is stored. Where it found no room for that, the mark stays, also once there is room: a delayed start would
 * wait for ever (invariant 1, accepted-is-durable), and so would a recurring schedule. A new message on its subject takes
 * the mark away, and fires at once.
 *
 * The publish expects the message that was read, so it is refused where that one has fired meanwhile, and of two gateways
 * one publishes.
 */
export class StuckSchedules {
  readonly #broker: Broker;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(broker: Broker, logger: Logger) {
    this.#broker = broker;
    this.#logger = logger;
  }

  start(): void {
    this.lookAtAll();
    this.#timer = setInterval(
      () => this.#lookAt(this.#broker.topology.subjects.allRecurring, overdueMs),
      everyMs,
    ).unref();
  }

  /**
   * Looks at delayed starts as well: at start, and to be called when NATS has room again. No later look follows, so all that
   * is due by now is published again; what is just firing is refused, or fires once more and is found started.
   */
  lookAtAll(): void {
    this.#lookAt(this.#broker.topology.subjects.allSchedules, 0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#looking;
  }

  #lookAt(subject: string, sinceMs: number): void {
    this.#looking = this.#looking.then(() => this.#publishOverdue(subject, sinceMs));
  }

  async #publishOverdue(subject: string, sinceMs: number): Promise<void> {
    const stream = this.#broker.topology.requestStream;
    try {
      for await (const message of readStream(this.#broker, stream, subject, 1)) {
        if (this.#stopped) return;
        const dueMs = dueMsOf(message);
        if (dueMs !== undefined && dueMs <= this.#broker.clock.nowMs() - sinceMs)
          await this.#publishAgain(message, dueMs);
      }
    } catch (err) {
      if (!isOutage(err)) this.#logger.error({ err }, 'overdue schedules could not be looked for');
    }
  }

  async #publishAgain({ subject, seq, data, header }: StoredMsg, dueMs: number): Promise<void> {
    const { at, target, ttl, trace } = scheduleHeaders;
    const kept = headers();
    if (header.has(trace)) kept.set(trace, header.get(trace));
    try {
      // Without the message id of the first one, as a duplicate of which it would be dropped.
      await this.#broker.js.publish(subject, data, {
        headers: kept,
        expect: { lastSubjectSequence: seq },
        schedule: {
          specification: { at: new Date(dueMs) },
          target: header.get(target),
          ...(header.has(ttl) ? { ttl: header.get(ttl) } : {}),
        },
      });
      this.#logger.warn({ subject, at: header.get(at) }, 'a schedule that was overdue was published again');
    } catch (err) {
      // It has fired, or another gateway was first.
      if (!isWrongLastSequence(err)) throw err;
    }
  }
}

/** When a message schedule is due; `undefined`: the message is none that fires once. */
function dueMsOf({ header }: StoredMsg): number | undefined {
  const [, time = ''] = /^@at (.+)$/.exec(header?.get(scheduleHeaders.at) ?? '') ?? [];
  const dueMs = Date.parse(time);
  return Number.isNaN(dueMs) ? undefined : dueMs;
}
