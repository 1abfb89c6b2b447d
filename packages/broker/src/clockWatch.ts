import { CodedError, clockNoteMs } from '@longhaul/proto/wire';
import type { Broker } from './broker.ts';
import { isUnavailable } from './brokerErrors.ts';

type Log = {
  readonly error: (fields: object, message: string) => void;
  readonly warn: (fields: object, message: string) => void;
  readonly info: (fields: object, message: string) => void;
  readonly debug: (fields: object, message: string) => void;
};

/** The clock of this machine is too far from the one of the NATS server; the message says what to do. */
export class ClockOffsetError extends CodedError<'CLOCK_OFFSET'> {
  override readonly name = 'ClockOffsetError';
}

/** The largest difference that a service starts with. */
export const defaultMaxClockOffsetMs = 60_000;
/** How often the server is asked for its time. */
const measureEveryMs = 30_000;

/**
 * Keeps the broker's clock right and says when the one of this machine is wrong: at the start, every half minute, after
 * a reconnection, and when the machine's clock was set.
 */
export class ClockWatch {
  readonly #broker: Broker;
  readonly #logger: Log;
  readonly #maxOffsetMs: number;
  #timer: NodeJS.Timeout | undefined;
  #unlisten: () => void = () => {};
  #measuring: Promise<void> | undefined;
  #said: 'good' | 'warned' | 'too far' = 'good';

  /** @param maxOffsetMs the largest difference to start with and to be ready with, in milliseconds */
  constructor(broker: Broker, logger: Log, maxOffsetMs = defaultMaxClockOffsetMs) {
    this.#broker = broker;
    this.#logger = logger;
    this.#maxOffsetMs = maxOffsetMs;
  }

  /** Why this machine's clock is unfit, or `undefined`. */
  get fault(): string | undefined {
    const aheadMs = this.#broker.clock.aheadMs ?? 0;
    return Math.abs(aheadMs) < this.#maxOffsetMs ? undefined : offsetMessage(aheadMs);
  }

  /**
   * Measures, and begins to watch.
   * @throws ClockOffsetError when the difference is too large to start with
   */
  async start(): Promise<void> {
    await this.#broker.clock.measure(this.#broker);
    if (this.fault !== undefined)
      throw new ClockOffsetError(
        'CLOCK_OFFSET',
        `${this.fault} Up to ${this.#maxOffsetMs} ms (maxClockOffsetMs, MAX_CLOCK_OFFSET_MS) a service starts.`,
      );
    this.#say();
    this.#broker.clock.onStep(() => void this.measure());
    this.#timer = setInterval(() => void this.measure(), measureEveryMs).unref();
    this.#unlisten = this.#broker.reconnections.onReconnect(() => void this.measure());
  }

  /** Measures now; together with one that is under way. Of a server that does not answer, the last time counts on. */
  measure(): Promise<void> {
    this.#measuring ??= this.#broker.clock
      .measure(this.#broker)
      .then(() => this.#say())
      .catch((err: unknown) => {
        const level = isUnavailable(err) ? 'debug' : 'error';
        this.#logger[level]({ err }, "the server's time could not be read; trying again");
      })
      .finally(() => {
        this.#measuring = undefined;
      });
    return this.#measuring;
  }

  /** Ends it. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#unlisten();
    this.#broker.clock.onStep(() => {});
    await this.#measuring;
  }

  #say(): void {
    const clockAheadMs = this.#broker.clock.aheadMs ?? 0;
    const offsetMs = Math.abs(clockAheadMs);
    const now = offsetMs >= this.#maxOffsetMs ? 'too far' : offsetMs >= clockNoteMs ? 'warned' : 'good';
    if (now === this.#said) return;
    this.#said = now;
    if (now === 'too far') this.#logger.error({ clockAheadMs }, offsetMessage(clockAheadMs));
    else if (now === 'warned') this.#logger.warn({ clockAheadMs }, offsetMessage(clockAheadMs));
    else this.#logger.info({ clockAheadMs }, "the clock of this machine agrees with the NATS server's again");
  }
}

function offsetMessage(aheadMs: number): string {
  const seconds = (Math.abs(aheadMs) / 1_000).toFixed(1);
  return `The clock of this machine is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the NATS server's. Tasks go by the server's time; set the clocks of both machines by a time service (NTP).`;
}
