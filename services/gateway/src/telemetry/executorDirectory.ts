import { askAll, type Broker, decode } from '@longhaul/broker';
import { type ExecutorStatus, executorStatusSchema } from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import { cachedLoad } from './cachedLoad.ts';

/** An executor, as it answered last. */
export type SeenExecutor = {
  readonly status: ExecutorStatus;
  readonly seenAtMs: number;
  readonly responding: boolean;
};

/** Nobody knows how many executors there are: this long after the last answer no more is waited for. */
const stallMs = 250;
/** The longest that is waited for answers in all. */
const maxWaitMs = 1_000;
/** The most executors of one look, so that a flood of answers stays bounded. */
const executorLimit = 1_000;
/** Many may look at once; they are asked once in this time. */
const keptMs = 1_000;
/** One that does not answer any more is shown for so long. */
export const rememberedMs = 60_000;

/** Who the executors are: asks all of them, and remembers for a while who does not answer any more. */
export class ExecutorDirectory {
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #seen = new Map<string, { readonly status: ExecutorStatus; readonly seenAtMs: number }>();
  readonly #look = cachedLoad(keptMs, () => this.#ask());

  constructor(broker: Broker, logger: Logger) {
    this.#broker = broker;
    this.#logger = logger;
  }

  /** By id. Takes a second at most. @throws what NATS says when it does not answer */
  look(): Promise<readonly SeenExecutor[]> {
    return this.#look();
  }

  async #ask(): Promise<readonly SeenExecutor[]> {
    const askedAtMs = Date.now();
    for (const status of await this.#answers())
      this.#seen.set(status.executor, { status, seenAtMs: Date.now() });
    for (const [id, { seenAtMs }] of this.#seen)
      if (askedAtMs - seenAtMs > rememberedMs) this.#seen.delete(id);
    return [...this.#seen.values()]
      .map(seen => ({ ...seen, responding: seen.seenAtMs >= askedAtMs }))
      .sort((a, b) => (a.status.executor < b.status.executor ? -1 : 1));
  }

  async #answers(): Promise<ExecutorStatus[]> {
    const subject = this.#broker.topology.subjects.executorStatus;
    const found: ExecutorStatus[] = [];
    const answers = await askAll(this.#broker, subject, { stallMs, maxWaitMs, maxAnswers: executorLimit });
    for (const { data } of answers) {
      try {
        found.push(decode(executorStatusSchema, subject, data));
      } catch (err) {
        this.#logger.warn({ err }, 'an executor that does not fit the protocol is not shown');
      }
    }
    return found;
  }
}
