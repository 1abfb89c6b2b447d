import type { NatsConnection } from '@nats-io/nats-core';

/** A lost connection is back within that, or calls are refused at once and streams are told. */
const toleratedMs = 1_000;

/** Whether the gateway reaches NATS, as calls and streams see it. */
export class NatsLink {
  readonly #onReconnect: () => void;
  #connected = true;
  #timer: NodeJS.Timeout | undefined;
  /** Of the time since the last reconnect. */
  #lost = new AbortController();
  #restored = Promise.withResolvers<void>();

  /** @param onReconnect told when the connection is back */
  constructor(nc: NatsConnection, onReconnect: () => void) {
    this.#onReconnect = onReconnect;
    void this.#follow(nc);
  }

  get isConnected(): boolean {
    return this.#connected;
  }

  /** It has been away for so long that waiting for it would only hold a caller up. */
  get isCutOff(): boolean {
    return this.#lost.signal.aborted;
  }

  /** Aborted when the gateway is cut off from NATS. After that there is another one. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Resolves when the connection is back. */
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
        this.#timer = setTimeout(() => this.#lost.abort(), toleratedMs).unref();
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
