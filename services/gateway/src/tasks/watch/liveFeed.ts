import { type Broker, toLogEntry } from '@longhaul/broker';
import { PubHeaders, RepublishHeaders } from '@nats-io/jetstream';
import type { Msg, Subscription } from '@nats-io/nats-core';
import type { Logger } from 'pino';
import { type LiveItem, LiveTap } from './liveTap.ts';

type Shared = { readonly subscription: Subscription; readonly taps: Set<LiveTap> };

/**
 * The events that JetStream republishes once they are stored, for this gateway's watchers: one NATS subscription per
 * subject, however many watch it, and each message is read once. It may miss messages, since it is core NATS; its
 * taps tell when, and a watcher then reads the stream.
 */
export class LiveFeed {
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #bySubject = new Map<string, Shared>();

  constructor(broker: Broker, logger: Logger) {
    this.#broker = broker;
    this.#logger = logger;
  }

  /** How many watchers listen. */
  get watchers(): number {
    let count = 0;
    for (const { taps } of this.#bySubject.values()) count += taps.size;
    return count;
  }

  /**
   * Listens to a subject. The server knows of it before anything that is sent on this connection afterwards, so a
   * read of the stream that follows cannot leave a hole between itself and the first live event.
   */
  open(subject: string): LiveTap {
    const shared = this.#bySubject.get(subject) ?? this.#subscribe(subject);
    const tap = new LiveTap(() => {
      shared.taps.delete(tap);
      if (shared.taps.size > 0) return;
      shared.subscription.unsubscribe();
      this.#bySubject.delete(subject);
    });
    shared.taps.add(tap);
    return tap;
  }

  /** After a reconnect to NATS: what was republished meanwhile has passed by. */
  reconnected(): void {
    for (const { taps } of this.#bySubject.values()) for (const tap of taps) tap.missed();
  }

  #subscribe(subject: string): Shared {
    const taps = new Set<LiveTap>();
    const subscription = this.#broker.nc.subscribe(subject, {
      callback: (error, message) => {
        if (error) {
          this.#logger.error({ err: error, subject }, 'a live subscription failed');
          return;
        }
        const item = this.#read(message);
        if (item) for (const tap of taps) tap.push(item);
      },
    });
    const shared = { subscription, taps };
    this.#bySubject.set(subject, shared);
    return shared;
  }

  #read(message: Msg): LiveItem | undefined {
    const seq = Number(message.headers?.get(RepublishHeaders.Sequence));
    if (!Number.isSafeInteger(seq)) return undefined;
    const entry = toLogEntry(this.#broker, message.subject, seq, message.data);
    return { entry, previous: predecessorOf(message), bytes: message.data.length };
  }
}

/**
 * The header that the append expected its predecessor by: the server keeps it in what it republishes. (Its own
 * `Nats-Last-Sequence` is only that of the same subject, so of the same kind.) A foreign writer may have left it out.
 */
function predecessorOf(message: Msg): number {
  const expected = message.headers?.get(PubHeaders.ExpectedLastSubjectSequenceHdr);
  return expected ? Number.parseInt(expected, 10) : Number.POSITIVE_INFINITY;
}
