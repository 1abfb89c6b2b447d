import { type Broker, isNotFoundStatus, toLogEntry } from '@longhaul/broker';
import type { StoredEvent } from '@longhaul/proto/wire';
import { RepublishHeaders } from '@nats-io/jetstream';
import type { MsgHdrs, Subscription } from '@nats-io/transport-node';
import { foreignHeader } from './foreignWriter.ts';

/** A stored event and when the server stored it, in milliseconds since the epoch. */
export type DatedEvent = StoredEvent & { readonly storedAtMs: number };

/** A message of an event log that does not fit the protocol, and no foreign writer of ours has written it. */
export type UnfitMessage = {
  readonly seq: number;
  readonly taskId: string | undefined;
  readonly what: string;
};

const timeHeader = 'Nats-Time-Stamp';

/**
 * Every event that ever was, also of a stream that a person has deleted since: what is republished while the run goes
 * on, and what the stream holds right before a deletion and at the end. Sequences are unique, since a stream that is
 * created again begins behind the earlier one.
 */
export class EventArchive {
  readonly #broker: Broker;
  readonly #events = new Map<number, DatedEvent>();
  readonly #unfit = new Map<number, UnfitMessage>();
  readonly #foreign = new Set<number>();
  readonly #listening: Subscription;

  constructor(broker: Broker) {
    this.#broker = broker;
    this.#listening = broker.nc.subscribe(broker.topology.subjects.allLive, {
      callback: (error, message) => {
        const seq = Number(message?.headers?.get(RepublishHeaders.Sequence));
        if (error || !Number.isSafeInteger(seq) || seq === 0) return;
        const storedAtMs = Date.parse(message.headers?.get(timeHeader) ?? '') || Date.now();
        this.#add(message.subject, seq, message.data, storedAtMs, message.headers);
      },
    });
  }

  /** In the order in which they were stored. */
  get events(): readonly DatedEvent[] {
    return [...this.#events.values()].sort((a, b) => a.seq - b.seq);
  }

  get unfit(): readonly UnfitMessage[] {
    return [...this.#unfit.values()];
  }

  /** How many messages of foreign writers there were. */
  get foreign(): number {
    return this.#foreign.size;
  }

  /** Listens no more. */
  close(): void {
    this.#listening.unsubscribe();
  }

  /** Takes over what the stream holds. @returns the last sequence */
  async readStream(): Promise<number> {
    let last = 0;
    for await (const message of readWholeStream(this.#broker, this.#broker.topology.eventStream)) {
      const { seq, subject, data, time, header } = message;
      last = seq;
      this.#add(subject, seq, data, time.getTime(), header);
    }
    return last;
  }

  #add(
    subject: string,
    seq: number,
    data: Uint8Array,
    storedAtMs: number,
    headers: MsgHdrs | undefined,
  ): void {
    const known = this.#events.get(seq);
    const { stored, malformed } = toLogEntry(this.#broker, subject, seq, data, headers);
    if (stored) this.#events.set(seq, { ...stored, storedAtMs: known?.storedAtMs ?? storedAtMs });
    else if (headers?.has(foreignHeader)) this.#foreign.add(seq);
    else
      this.#unfit.set(seq, {
        seq,
        taskId: malformed.taskId,
        what: `${malformed.path}: ${malformed.problem}`,
      });
  }
}

/** Every message of a stream, in order. */
export async function* readWholeStream(broker: Broker, stream: string) {
  const batch = 500;
  for (let next = 1; ; ) {
    let received = 0;
    try {
      for await (const message of await broker.jsm.direct.getBatch(stream, { seq: next, batch })) {
        received += 1;
        next = message.seq + 1;
        yield message;
      }
    } catch (error) {
      if (!isNotFoundStatus(error)) throw error;
    }
    if (received < batch) return;
  }
}
