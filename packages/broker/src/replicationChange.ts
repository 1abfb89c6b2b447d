import type { Broker } from './broker.ts';
import { isServerAway, isUnavailable } from './brokerErrors.ts';
import { ensureReplication } from './replication.ts';

type Log = {
  readonly error: (fields: object, message: string) => void;
  readonly info: (fields: object, message: string) => void;
};

/** How soon a change that could not be made is tried again. */
const againMs = 5_000;

/**
 * Gives everything the replicas and the placement that the deployment asks for, at the start of a gateway. Where a server is
 * away that is to keep a copy, the gateway works with what there is, and the change is made when it is back: otherwise the
 * loss of one server would stop every start until then.
 */
export class ReplicationChange {
  readonly #broker: Broker;
  readonly #logger: Log;
  #timer: NodeJS.Timeout | undefined;
  #trying: Promise<void> | undefined;
  #isStopped = false;

  constructor(broker: Broker, logger: Log) {
    this.#broker = broker;
    this.#logger = logger;
  }

  /**
   * Makes the change, or has it made later.
   * @throws TopologyError when the server refuses it, whichever servers are there, with what to do
   */
  async start(): Promise<void> {
    try {
      await ensureReplication(this.#broker);
    } catch (err) {
      if (!isServerAway(err)) throw err;
      this.#logger.error(
        { err },
        'in NATS, a server is away that is to keep a copy of each stream and bucket; replicas and placement stay as they are, and are changed when it is back',
      );
      this.#later();
    }
  }

  /** Ends it, once the change that is under way is over. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#trying;
  }

  #later(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#trying = this.#again();
    }, againMs).unref();
  }

  async #again(): Promise<void> {
    try {
      await ensureReplication(this.#broker);
      this.#logger.info({}, 'in NATS, replicas and placement are as they are to be');
    } catch (err) {
      if (!isServerAway(err) && !isUnavailable(err))
        this.#logger.error({ err }, 'in NATS, replicas and placement cannot be changed; trying again');
      this.#later();
    }
  }
}
