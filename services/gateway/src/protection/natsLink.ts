import type { NatsConnection } from '@nats-io/nats-core';

/** After a connection was lost for this long, calls are refused at once and streams are notified. */
const toleranceMs = 1_000;

/** The state of the connection to NATS, for calls and streams. */
export class NatsLink {
  readonly #onReconnect: () => void;
  #connected = true;
  #timer: NodeJS.Timeout | undefined;
  /** A new one after each reconnect. */
  #lost = new AbortController();
  #restored = Promise.withResolvers<void>();

  /** @param onReconnect called after each reconnect */
  constructor(nc: NatsConnection, onReconnect: () => void) {
    this.#onReconnect = onReconnect;
    void this.#follow(nc);
  }

  get isConnected(): boolean {
    return this.#connected;
  }

  /** Whether the connection has been lost for longer than is tolerated. */
  get isCutOff(): boolean {
    return this.#lost.signal.aborted;
  }

  /** Aborted when the gateway is cut off from NATS. After the reconnect this is a new signal. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Resolves at the next reconnect. */
  get restored(): Promise<void> {
    return this.#restored.promise;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async #follow(nc: NatsConnection): Promise<void> {
    for await (const { type } of nc.status()) {
      if (this.#connected && (type === 'disconnect' || type === 'close')) {
        this.#connected = false;
        this.#timer = setTimeout(() => this.#lost.abort(), toleranceMs).unref();
      }
      if (type !== 'reconnect') continue;
      clearTimeout(this.#timer);
      this.#connected = true;
      if (this.#lost.signal.aborted) this.#lost = new AbortController();
      this.#restored.resolve();
      this.#restored = Promise.withResolvers();
      this.#onReconnect();
    }
  }
}
