import { type Broker, toLogEntry } from '@longhaul/broker';
import { PubHeaders, RepublishHeaders } from '@nats-io/jetstream';
import type { Msg, Subscription } from '@nats-io/nats-core';
import type { Logger } from 'pino';
import { type LiveItem, LiveTap } from './liveTap.ts';

type Shared = { readonly subscription: Subscription; readonly taps: Set<LiveTap> };

/**
 * The live events for this gateway's watchers, which JetStream republishes after it has stored them. All watchers of a
 * subject share one NATS subscription, and each message is decoded once. Messages can be lost, since this is core NATS; the
 * taps detect that, and the watcher then reads the stream.
 */
export class LiveFeed {
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #bySubject = new Map<string, Shared>();
  #elections: Subscription | undefined;

  constructor(broker: Broker, logger: Logger) {
    this.#broker = broker;
    this.#logger = logger;
  }

  /** How many watchers are listening. */
  get watchers(): number {
    let count = 0;
    for (const { taps } of this.#bySubject.values()) count += taps.size;
    return count;
  }

  /**
   * Listens to a subject. The server processes the subscription before anything that is sent on this connection later, so a
   * following read of the stream cannot leave a gap before the first live event.
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

  /**
   * Begins to listen to elections of the event stream's leader, which republishes what it has stored: what one had stored
   * and not republished when it failed is missed by all.
   */
  start(): void {
    const subject = `$JS.EVENT.ADVISORY.STREAM.LEADER_ELECTED.${this.#broker.topology.eventStream}`;
    this.#elections = this.#broker.nc.subscribe(subject, {
      callback: error => {
        // A user who may not listen is not told; the idle checks remain.
        if (!error) this.mayHaveMissed();
      },
    });
  }

  /** Ends listening to elections. The subscriptions of watchers end with them. */
  stop(): void {
    this.#elections?.unsubscribe();
  }

  /** To be called after a reconnect to NATS, or another event of which messages may have been missed. */
  mayHaveMissed(): void {
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
    const entry = toLogEntry(this.#broker, message.subject, seq, message.data, message.headers);
    return { entry, previous: predecessorOf(message), bytes: message.data.length };
  }
}

/**
 * The predecessor that the append expected, in a header that the server keeps in republished messages. (The server's
 * `Nats-Last-Sequence` counts only the same subject, so the same kind.) A foreign writer may omit the header.
 */
function predecessorOf(message: Msg): number {
  const expected = message.headers?.get(PubHeaders.ExpectedLastSubjectSequenceHdr);
  return expected ? Number.parseInt(expected, 10) : Number.POSITIVE_INFINITY;
}
