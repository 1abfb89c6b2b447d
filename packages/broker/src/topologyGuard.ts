import { setTimeout as delay } from 'node:timers/promises';
import type { Subscription } from '@nats-io/transport-node';
import type { Broker } from './broker.ts';
import { isNoResponders, isUnavailable } from './brokerErrors.ts';
import { ensureConsumer, ensureTopology } from './ensureTopology.ts';
import {
  type FoundPart,
  faultsOf,
  lookAtTopology,
  type NeededConsumer,
  type NeededStream,
  type TopologyFault,
} from './topologyParts.ts';
import { backoffMs } from './untilAnswered.ts';

/** What was created again or changed back to the plan. */
export type TopologyRepair = {
  /** The names of streams, and of consumers as `consumerPart` has them. */
  readonly parts: ReadonlySet<string>;
  /**
   * The event stream was created again by a process that did not know the last sequence of the earlier one: sequences are used a
   * second time, and what is remembered of the earlier ones is of no use.
   */
  readonly eventsRestarted: boolean;
};

type Log = {
  readonly error: (fields: object, message: string) => void;
  readonly info: (fields: object, message: string) => void;
};

/** What a guard looks at, and what it does after a repair. */
export type TopologyGuardOptions = {
  /** The clients over the connection of this process. */
  readonly broker: Broker;
  /** Gets a line for each loss and each repair. */
  readonly logger: Log;
  /** The durable consumers that this process needs. */
  readonly consumers: readonly NeededConsumer[];
  /** Streams that this process needs beside those that all have. */
  readonly streams?: readonly NeededStream[];
  /** Restarts what depends on the parts. Called again, when it throws, after a pause. */
  readonly onRepaired: (repair: TopologyRepair) => Promise<void> | void;
  /** Called at once for each sign that something may be gone or was created again, before it is looked at. */
  readonly onSuspected?: () => void;
  /** The last sequence of the event stream that this process knows of, beside those that checks have shown. */
  readonly lastEventSeq?: () => number;
  /** How often everything is looked at without a reason, in milliseconds, give or take a quarter. Default: 15,000. */
  readonly lookEveryMs?: number;
};

const defaultLookEveryMs = 15_000;
/** However many signs there are (each refused pull is one), there is one check in this time. */
const restMs = 250;
/** After a repair that failed; doubles up to the longest. */
const firstBackoffMs = 250;
const longestBackoffMs = 10_000;
/** How far a stream that is created again begins behind the last sequence known of the earlier one. */
const sequenceGap = 1_000_000;

/**
 * Notices that streams, buckets or consumers are gone, were created again or were changed while this process runs, and
 * brings them back as at start. There is one look, or one repair, at a time.
 *
 * What is noticed at once: the server's advisories of deletions and changes, pulls and publishes that are not answered
 * (`suspect`), a reconnect. What all of these miss is found by a check every 15 s.
 *
 * The streams are created again behind the sequences of the earlier ones, so records, watchers and indexes that remember
 * one stay right, and acknowledgements of earlier requests meet none that is there now.
 */
export class TopologyGuard {
  readonly #options: TopologyGuardOptions;
  readonly #stop = new AbortController();
  readonly #known = new Map<string, { created: string; lastSeq: number }>();
  #subscriptions: Subscription[] = [];
  #timer: NodeJS.Timeout | undefined;
  #suspected = false;
  #looking: Promise<void> | undefined;
  #fault: string | undefined;
  #said = '';
  /** What was found lost or changed, for the reason that is reported while it cannot be repaired. */
  #lost = 'What Longhaul keeps in NATS';

  constructor(options: TopologyGuardOptions) {
    this.#options = options;
  }

  /** Why this process cannot do its work, or `undefined` when everything is there. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Remembers how everything is now, when it was ensured, and begins to guard it. */
  async start(): Promise<void> {
    const { broker } = this.#options;
    this.#remember(await this.#look());
    this.#listen();
    broker.acked.onFailure(error => {
      if (isNoResponders(error)) this.suspect();
    });
    void this.#followConnection();
    this.#lookLater();
  }

  /** Ends it, once the look or the repair that is under way is over. */
  async stop(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    await this.#looking;
  }

  /** Something was not answered as it should be: has everything looked at soon. */
  suspect(): void {
    this.#suspected = true;
    if (this.#stop.signal.aborted) return;
    this.#options.onSuspected?.();
    this.#looking ??= this.#lookWhileSuspected().finally(() => {
      this.#looking = undefined;
      // It came between the last check and now.
      if (this.#suspected) this.suspect();
    });
  }

  #lookLater(): void {
    const everyMs = this.#options.lookEveryMs ?? defaultLookEveryMs;
    // Not all processes of a deployment at once.
    this.#timer = setTimeout(
      () => {
        this.suspect();
        this.#lookLater();
      },
      everyMs * (0.75 + Math.random() / 2),
    ).unref();
  }

  #listen(): void {
    const { broker, consumers } = this.#options;
    const advisory = (what: string) => `$JS.EVENT.ADVISORY.${what}`;
    const streams = [...this.#known.keys()].filter(name => !name.includes('/'));
    const needed = new Set(consumers.map(({ stream, plan }) => `${stream}.${plan.durable_name}`));
    const subjects = [
      ...streams.flatMap(name => [advisory(`STREAM.DELETED.${name}`), advisory(`STREAM.UPDATED.${name}`)]),
      ...new Set(consumers.map(({ stream }) => advisory(`CONSUMER.DELETED.${stream}.*`))),
    ];
    const consumerPrefix = advisory('CONSUMER.DELETED.');
    this.#subscriptions = subjects.map(subject =>
      broker.nc.subscribe(subject, {
        callback: (error, message) => {
          // A user who may not listen is not notified; the check every 15 s remains.
          if (error) return;
          const isConsumer = message.subject.startsWith(consumerPrefix);
          if (!isConsumer || needed.has(message.subject.slice(consumerPrefix.length))) this.suspect();
        },
      }),
    );
  }

  async #followConnection(): Promise<void> {
    for await (const { type } of this.#options.broker.nc.status()) {
      if (this.#stop.signal.aborted) return;
      if (type === 'reconnect') this.suspect();
    }
  }

  async #lookWhileSuspected(): Promise<void> {
    const { signal } = this.#stop;
    for (let failures = 0; this.#suspected && !signal.aborted; ) {
      this.#suspected = false;
      const ended = await this.#lookOnce();
      failures = ended === 'failed' ? failures + 1 : 0;
      if (ended !== 'whole') this.#suspected = true;
      const waitMs = failures === 0 ? restMs : backoffMs(failures, 2 * firstBackoffMs, longestBackoffMs);
      await delay(waitMs, undefined, { signal }).catch(() => {});
    }
  }

  /** `unanswered`: NATS is away, so nothing can be said. */
  async #lookOnce(): Promise<'whole' | 'failed' | 'unanswered'> {
    const { logger } = this.#options;
    try {
      const parts = await this.#look();
      const faults = faultsOf(parts, this.#known);
      if (faults.length > 0) await this.#repair(faults);
      else this.#remember(parts);
      this.#fault = undefined;
      this.#said = '';
      return 'whole';
    } catch (err) {
      if (isUnavailable(err)) return 'unanswered';
      const why = err instanceof Error ? err.message : String(err);
      this.#fault = `${this.#lost} cannot be repaired: ${why}`;
      if (this.#said !== why)
        logger.error({ err }, 'what Longhaul keeps in NATS cannot be repaired; trying again');
      this.#said = why;
      return 'failed';
    }
  }

  async #repair(faults: readonly TopologyFault[]): Promise<void> {
    const { broker, consumers, streams = [], logger, lastEventSeq, onRepaired } = this.#options;
    const { eventStream, requestStream } = broker.topology;
    const list = faults.map(({ label, kind }) => `${label} (${kind})`).join(', ');
    this.#lost = `In NATS, ${list}`;
    if (this.#fault === undefined) {
      this.#fault = `Being repaired in NATS: ${list}.`;
      const fields = { parts: faults.map(({ name, kind }) => ({ name, kind })) };
      logger.error(fields, `lost or changed in NATS, with what was in it: ${list}; it is repaired now`);
    }
    const lastSeq = Math.max(this.#known.get(eventStream)?.lastSeq ?? 0, lastEventSeq?.() ?? 0);
    const lastRequest = this.#known.get(requestStream)?.lastSeq ?? 0;
    await ensureTopology(broker, { requests: behind(lastRequest), events: behind(lastSeq) });
    await Promise.all(streams.map(({ ensure }) => ensure()));
    await Promise.all(
      consumers.map(({ stream, plan, ensure }) => ensure?.() ?? ensureConsumer(broker, stream, plan)),
    );
    // No matter who created it: what is there now is what others are told of, and what is remembered.
    const parts = await this.#look();
    const missing = parts.find(({ found }) => !found);
    if (missing) throw new Error(`${missing.label} was made and is gone again.`);
    const isNew = ({ name, found }: FoundPart) => this.#known.get(name)?.created !== found?.created;
    const changed = new Set([
      ...faults.filter(({ kind }) => kind === 'changed').map(({ name }) => name),
      ...parts.filter(isNew).map(({ name }) => name),
    ]);
    const events = parts.find(({ name }) => name === eventStream);
    const eventsRestarted = events?.found !== undefined && isNew(events) && events.found.firstSeq <= lastSeq;
    await onRepaired({ parts: changed, eventsRestarted });
    this.#remember(parts);
    logger.info({ parts: [...changed] }, 'repaired in NATS');
  }

  #look(): Promise<FoundPart[]> {
    const { broker, consumers, streams } = this.#options;
    return lookAtTopology(broker, consumers, streams);
  }

  #remember(parts: readonly FoundPart[]): void {
    for (const { name, found } of parts)
      if (found) this.#known.set(name, { created: found.created, lastSeq: found.lastSeq });
  }
}

function behind(lastSeq: number): number {
  return Math.ceil((lastSeq + sequenceGap) / sequenceGap) * sequenceGap;
}
