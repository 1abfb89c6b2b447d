import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

/**
 * Backpressure of a WebSocket. tRPC's adapter sends without waiting, so the gateway would buffer everything for a client
 * that does not read. With this, streams wait until the socket has drained, and no calls are read while answers wait.
 */
export class SocketBackpressure {
  readonly #wire: Socket;
  readonly #socket: WebSocket;
  readonly #maxBufferedBytes: number;
  #drained: Promise<void> | undefined;

  /**
   * @param wire the TCP or TLS socket below the WebSocket
   * @param maxBufferedBytes with more bytes waiting to be sent, the socket is closed
   */
  constructor(socket: WebSocket, wire: Socket, maxBufferedBytes: number) {
    this.#socket = socket;
    this.#wire = wire;
    this.#maxBufferedBytes = maxBufferedBytes;
    socket.on('message', () => {
      const drained = this.whenDrained();
      if (!drained || socket.isPaused) return;
      // Calls that were received are answered; no more are read until those answers are sent.
      socket.pause();
      void drained.then(() => socket.resume());
    });
  }

  /** Resolves when the socket has drained or is closed; `undefined`: it can take data now. */
  whenDrained(): Promise<void> | undefined {
    if (!this.#wire.writableNeedDrain || this.#wire.destroyed) return undefined;
    // Shared by all streams of the socket, which can be as many as its owner may have open.
    this.#drained ??= new Promise(resolve => {
      const done = () => {
        this.#wire.off('drain', done);
        this.#wire.off('close', done);
        this.#drained = undefined;
        resolve();
      };
      this.#wire.on('drain', done);
      this.#wire.on('close', done);
    });
    return this.#drained;
  }

  /** Closes the socket when more data waits than for any client that reads. */
  closeWhenFull(): void {
    if (this.#wire.writableLength > this.#maxBufferedBytes) this.#socket.terminate();
  }
}
