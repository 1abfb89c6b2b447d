import { setTimeout as delay } from 'node:timers/promises';
import { errors } from '@nats-io/transport-node';
import type { Broker } from './broker.ts';
import { isServerAway, isStreamNotFound, isUnavailable } from './brokerErrors.ts';
import { ensureTopology } from './ensureTopology.ts';
import { streamsOf } from './topologyParts.ts';

type Log = {
  readonly error: (fields: object, message: string) => void;
  readonly info: (fields: object, message: string) => void;
};

/** How soon a start that has to wait looks again. */
const againMs = 500;

/**
 * Has the start of a service wait for what is away in NATS, and says what it is, once until it changes: a server that keeps
 * a stream alone may be away while the others are well, too few servers may be there for the replicas that are asked for,
 * or the cluster has no leader. A service that ends instead would be started again and again, and nobody would be told.
 */
export class StartWait {
  readonly #logger: Log;
  readonly #onChange: (why: string | undefined) => void;
  #said: string | undefined;

  /** @param onChange is told what the start waits for; `undefined`: it waits no longer */
  constructor(logger: Log, onChange: (why: string | undefined) => void = () => {}) {
    this.#logger = logger;
    this.#onChange = onChange;
  }

  /**
   * Does a step of the start, again and again while NATS does not answer or lacks a server for it.
   *
   * @param step may be done again after it has taken effect: its answer may be lost
   * @param away names what does not answer. Default: JetStream
   * @throws every error that is an answer: waiting would not help
   */
  async through<T>(step: () => Promise<T>, away?: () => Promise<readonly string[]>): Promise<T> {
    for (;;) {
      try {
        const done = await step();
        if (this.#said !== undefined) {
          this.#logger.info({}, 'all streams and buckets answer; the start continues');
          this.#said = undefined;
          this.#onChange(undefined);
        }
        return done;
      } catch (err) {
        const mayPass = isServerAway(err) || isUnavailable(err);
        if (!mayPass || err instanceof errors.ClosedConnectionError) throw err;
        this.#say(isServerAway(err) ? tooFewServers(err) : await noAnswer(away), err);
        await delay(againMs);
      }
    }
  }

  #say(what: string, err: unknown): void {
    if (what === this.#said) return;
    this.#said = what;
    this.#logger.error({ err }, `in NATS, ${what}; the start continues when it is back`);
    this.#onChange(`In NATS, ${what}.`);
  }
}

/** Creates or checks everything in NATS, as `ensureTopology` does, and waits for the parts that are away. */
export function untilTopology(broker: Broker, waiting: StartWait): Promise<void> {
  return waiting.through(
    () => ensureTopology(broker),
    () => silentStreams(broker),
  );
}

const tooFewServers = (err: unknown) =>
  `a server that is to keep streams and buckets is away (${err instanceof Error ? err.message : String(err)})`;

async function noAnswer(away: (() => Promise<readonly string[]>) | undefined): Promise<string> {
  const parts = (await away?.()) ?? [];
  return `no answer from ${parts.length > 0 ? parts.join(', ') : 'JetStream'}`;
}

/** Which streams do not answer; one that is missing does: it is not there. */
async function silentStreams(broker: Broker): Promise<string[]> {
  const asked = await Promise.all(
    streamsOf(broker).map(async ({ name, label }) => {
      try {
        await broker.jsm.streams.info(name);
        return [];
      } catch (error) {
        return isUnavailable(error) && !isStreamNotFound(error) ? [label] : [];
      }
    }),
  );
  return asked.flat();
}
