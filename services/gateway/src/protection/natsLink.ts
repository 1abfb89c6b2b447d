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
  readonly #listeners = new Set<() => void>();

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

  /** Calls the listener after each change of `isCutOff`. @returns a function that ends it */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async #follow(nc: NatsConnection): Promise<void> {
    for await (const { type } of nc.status()) {
      if (this.#connected && (type === 'disconnect' || type === 'close')) {
        this.#connected = false;
        this.#timer = setTimeout(() => this.#cutOff(), toleranceMs).unref();
      }
      if (type !== 'reconnect') continue;
      clearTimeout(this.#timer);
      this.#connected = true;
      if (this.isCutOff) {
        this.#lost = new AbortController();
        this.#notify();
      }
      this.#onReconnect();
    }
  }

  #cutOff(): void {
    this.#lost.abort();
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
