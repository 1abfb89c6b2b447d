import { askAll, type Broker, decode } from '@longhaul/broker';
import { type ExecutorStatus, executorStatusSchema } from '@longhaul/proto/wire';
import type { Logger } from 'pino';
import { cachedLoad } from './cachedLoad.ts';

/** The last status that an executor reported. */
export type KnownExecutor = {
  readonly status: ExecutorStatus;
  readonly seenAtMs: number;
  readonly responding: boolean;
};

/** The number of executors is unknown, so collecting ends this long after the last answer. */
const stallMs = 250;
/** The longest time for collecting answers. */
const maxWaitMs = 1_000;
/** How many answers are collected, so that a flood of answers is bounded. */
const maxAnswers = 1_000;
/** The executors are asked once in this time, regardless of the number of callers. */
const keptMs = 1_000;
/** How long an executor is listed that does not answer any more. */
export const rememberedMs = 60_000;

/** Lists executors: asks all of them, and remembers for a while those that stopped answering. */
export class ExecutorDirectory {
  readonly #broker: Broker;
  readonly #logger: Logger;
  readonly #seen = new Map<string, { readonly status: ExecutorStatus; readonly seenAtMs: number }>();
  readonly #list = cachedLoad(keptMs, () => this.#ask());

  constructor(broker: Broker, logger: Logger) {
    this.#broker = broker;
    this.#logger = logger;
  }

  /** Lists the executors, sorted by id. Takes a second at most. @throws the error of NATS when it does not answer */
  list(): Promise<readonly KnownExecutor[]> {
    return this.#list();
  }

  async #ask(): Promise<readonly KnownExecutor[]> {
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
    const answers = await askAll(this.#broker, subject, { stallMs, maxWaitMs, maxAnswers });
    for (const { data } of answers) {
      try {
        found.push(decode(executorStatusSchema, subject, data));
      } catch (err) {
        this.#logger.warn({ err }, 'an executor with a malformed status is not listed');
      }
    }
    return found;
  }
}
