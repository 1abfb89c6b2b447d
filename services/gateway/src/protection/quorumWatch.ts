import type { Broker } from '@longhaul/broker';
import { type JetStreamManager, jetstreamManager, type StreamInfo } from '@nats-io/jetstream';

type Log = {
  readonly error: (fields: object, message: string) => void;
  readonly info: (fields: object, message: string) => void;
};

/** How often every stream is asked for, and how long an answer is waited for. */
const lookEveryMs = 1_000;
const answerWithinMs = 1_500;
/** A replica that its leader has not heard for so long does not answer; a healthy one is heard each second. */
const silentNs = 3_500 * 1_000_000;
/** For how long a stream without an answer may be one that elects a leader: that takes 4 to 9 s, and a little more on slow machines. */
const electionMs = 13_000;
/** The same where no election can help: one replica, or a server that is alone. */
const aloneMs = 3_500;

/** What was last learned of a stream. */
type Part = {
  readonly label: string;
  /** When it was last known to be whole, in milliseconds of this process's clock. */
  wholeAtMs: number;
  replicas: number;
  /** How many servers answer, where fewer than most do. */
  answering: number | undefined;
};

/**
 * Knows which streams and buckets cannot be written to since most of their replicas do not answer: for `/readyz`.
 *
 * A leader that is cut off from the others says so itself, by how long it has not heard of them. A stream without an answer
 * may only elect a leader, in which time the gateway holds calls back and refuses none, so it is given the time for it.
 */
export class QuorumWatch {
  readonly #broker: Broker;
  readonly #logger: Log;
  readonly #parts = new Map<string, Part>();
  #jsm: JetStreamManager | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The most servers that the cluster has had. */
  #servers = 0;
  #isSaid = false;

  constructor(broker: Broker, logger: Log) {
    this.#broker = broker;
    this.#logger = logger;
    const {
      requestStream,
      eventStream,
      bucketStream,
      scheduleBucketStream,
      limitBucketStream,
      payloadStream,
    } = broker.topology;
    const labels = {
      [requestStream]: 'the request stream',
      [eventStream]: 'the event stream',
      [bucketStream]: 'the bucket of records',
      [scheduleBucketStream]: 'the bucket of schedules',
      [limitBucketStream]: 'the bucket of limits',
      [payloadStream]: 'the object store of payloads',
    };
    const wholeAtMs = performance.now();
    for (const [name, what] of Object.entries(labels))
      this.#parts.set(name, { label: `${what} (${name})`, wholeAtMs, replicas: 1, answering: undefined });
  }

  /** Which streams cannot be used, and why; `undefined`: all can. */
  get fault(): string | undefined {
    const parts = [...this.#parts.values()];
    const lost = parts.flatMap(part => this.#faultOf(part) ?? []);
    if (lost.length === parts.length && parts.every(({ answering: some }) => some === undefined))
      return "In NATS, no stream or bucket answers: this gateway's server hangs, or is cut off from the others.";
    return lost.length === 0 ? undefined : `In NATS, ${lost.join('; ')}.`;
  }

  /** Begins to look, after the streams were ensured. */
  async start(): Promise<void> {
    this.#jsm = await jetstreamManager(this.#broker.nc, { timeout: answerWithinMs, checkAPI: false });
    await this.#look();
    this.#timer = setInterval(() => void this.#look(), lookEveryMs).unref();
  }

  /** Ends it. */
  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    this.#servers = Math.max(this.#servers, this.#reachable());
    // Each for itself: one without an answer holds up none of the others.
    await Promise.all([...this.#parts].map(([name, part]) => this.#ask(name, part)));
    const { fault } = this;
    if ((fault !== undefined) === this.#isSaid) return;
    this.#isSaid = fault !== undefined;
    if (fault === undefined)
      this.#logger.info({}, 'NATS has a leader and most replicas of every stream again');
    else this.#logger.error({}, fault);
  }

  async #ask(name: string, part: Part): Promise<void> {
    try {
      const info = await this.#jsm?.streams.info(name);
      if (!info) return;
      part.replicas = info.config.num_replicas;
      part.answering = answering(info);
      if (part.answering !== undefined && 2 * part.answering > part.replicas) {
        part.wholeAtMs = performance.now();
        part.answering = undefined;
      }
    } catch {
      // No answer, or none that says anything: how long it has been so decides.
      part.answering = undefined;
    }
  }

  #faultOf({ label, wholeAtMs, replicas, answering: some }: Part): string | undefined {
    if (some !== undefined) return `${label} is kept on ${replicas} servers, of which ${some} can be reached`;
    const isAlone = 2 * this.#reachable() <= this.#servers;
    const patienceMs = replicas === 1 || isAlone ? aloneMs : electionMs;
    if (performance.now() - wholeAtMs <= patienceMs) return undefined;
    return `${label} does not answer: ${replicas === 1 ? 'the server that keeps it is away' : `it has no leader among its ${replicas} servers, or this gateway's server is cut off from them`}`;
  }

  /** How many servers of the cluster the gateway's server is connected with, itself included. */
  #reachable(): number {
    return this.#broker.nc.info?.connect_urls?.length ?? 1;
  }
}

/** How many replicas answer to their leader, itself included. `undefined`: there is no leader. */
function answering({ cluster }: StreamInfo): number | undefined {
  // A server without a cluster.
  if (!cluster) return 1;
  if (!cluster.leader) return undefined;
  const heard = (cluster.replicas ?? []).filter(({ offline, active }) => !offline && active < silentNs);
  return 1 + heard.length;
}
