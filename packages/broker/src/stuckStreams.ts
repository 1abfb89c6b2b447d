import type { StreamInfo } from '@nats-io/jetstream';
import type { Broker } from './broker.ts';
import { isUnavailable } from './brokerErrors.ts';
import { streamsOf } from './topologyParts.ts';

/** How long a probe is waited for. It takes a stream that stores a few milliseconds. */
const probeWithinMs = 1_000;
/** What a probe leaves in the queue goes by itself. */
const probeTtl = '1s';

/** A stream that left a publish unanswered. */
type Suspect = {
  /** Its last sequence when that was first looked at. */
  lastSeq: number | undefined;
  /** How many publishes it has left unanswered since it stored something. */
  unanswered: number;
  isStuck: boolean;
};

/**
 * Knows which streams answer questions and store nothing. That is what is seen of a disk that is full, or that fails: after
 * the first write that fails, nats-server (2.15.1) refuses all further ones of that stream without an answer, says so in its
 * log alone, and begins again only when it is restarted.
 *
 * Streams with one replica are looked at. One with more may wait for its other replicas, which looks the same.
 */
export class StuckStreams {
  readonly #broker: Broker;
  readonly #suspects = new Map<string, Suspect>();

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Which streams store nothing, and what to do; `undefined`: none is known. */
  get fault(): string | undefined {
    const stuck = streamsOf(this.#broker).filter(({ name }) => this.isStuck(name));
    if (stuck.length === 0) return undefined;
    const labels = stuck.map(({ label }) => label).join(', ');
    return `In NATS, ${labels}: answers, and stores nothing. Its disk is full or fails: see the log of nats-server for "no space left" or another write error, free the disk, and restart nats-server, which does not store again by itself.`;
  }

  /** Whether a stream is known to store nothing. */
  isStuck(stream: string): boolean {
    return this.#suspects.get(stream)?.isStuck === true;
  }

  /** Begins to listen to publishes that are not answered. @returns ends it */
  start(): () => void {
    const { acked, reconnections } = this.#broker;
    acked.onUnanswered(subject => {
      const stream = this.#streamOf(subject);
      if (stream === undefined) return;
      const suspect = this.#suspects.get(stream) ?? { lastSeq: undefined, unanswered: 0, isStuck: false };
      suspect.unanswered += 1;
      this.#suspects.set(stream, suspect);
    });
    // Another server, or the same one after its restart.
    return reconnections.onReconnect(() => this.#suspects.clear());
  }

  /** Looks at the streams that left publishes unanswered. To be called again and again. */
  async look(): Promise<void> {
    for (const [stream, suspect] of this.#suspects)
      if (!(await this.#isStillSuspect(stream, suspect)) && this.#suspects.get(stream) === suspect)
        this.#suspects.delete(stream);
  }

  async #isStillSuspect(stream: string, suspect: Suspect): Promise<boolean> {
    try {
      const before = await this.#broker.jsm.streams.info(stream);
      suspect.lastSeq ??= before.state.last_seq;
      if (!isSuspicious(before, suspect)) return false;
      if (stream === this.#broker.topology.requestStream && (await this.#isStored())) return false;
      // It answers still, so the publishes in between did not wait for the server.
      if (!isSuspicious(await this.#broker.jsm.streams.info(stream), suspect)) return false;
      // One publish may have been lost on its way.
      suspect.isStuck = suspect.unanswered > 1;
      return true;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      // It does not answer either: something else is wrong.
      return false;
    }
  }

  async #isStored(): Promise<boolean> {
    const { acked, topology } = this.#broker;
    try {
      await acked.publish(topology.subjects.placeholder, new Uint8Array(), {
        ttl: probeTtl,
        timeoutMs: probeWithinMs,
      });
      return true;
    } catch (error) {
      // Refused for another reason: that is an answer.
      return !isUnavailable(error);
    }
  }

  #streamOf(subject: string): string | undefined {
    const { topology } = this.#broker;
    const [first, bucket] = subject.split('.', 2);
    if (first === '$KV') return `KV_${bucket}`;
    if (first?.startsWith('$')) return undefined;
    return topology.subjects.parseEvent(subject) ? topology.eventStream : topology.requestStream;
  }
}

/** It is there, alone decides what it stores, and has stored nothing since. */
function isSuspicious({ config, state, cluster }: StreamInfo, { lastSeq }: Suspect): boolean {
  return (
    config.num_replicas === 1 &&
    (cluster === undefined || Boolean(cluster.leader)) &&
    state.last_seq === lastSeq
  );
}
