import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

/**
 * How much a WebSocket takes. tRPC's adapter sends whatever there is, so a client that does not read would have the
 * gateway keep everything for it. Here streams wait for room, and calls are no longer read while answers wait.
 */
export class SocketBackpressure {
  readonly #wire: Socket;
  readonly #socket: WebSocket;
  readonly #mostWaitingBytes: number;
  #drained: Promise<void> | undefined;

  /**
   * @param wire what is under the WebSocket
   * @param mostWaitingBytes with more waiting to be sent, the socket is cut off
   */
  constructor(socket: WebSocket, wire: Socket, mostWaitingBytes: number) {
    this.#socket = socket;
    this.#wire = wire;
    this.#mostWaitingBytes = mostWaitingBytes;
    socket.on('message', () => {
      const drained = this.whenDrained();
      if (!drained || socket.isPaused) return;
      // What has been received is answered still; more is not read until those answers are on their way.
      socket.pause();
      void drained.then(() => socket.resume());
    });
  }

  /** Resolves when something can be sent again, or nothing ever will; `undefined`: now. */
  whenDrained(): Promise<void> | undefined {
    if (!this.#wire.writableNeedDrain || this.#wire.destroyed) return undefined;
    // One for localAdministrator who waits: a socket can have as many streams as its owner may have.
    this.#drained ??= new Promise(resolve => {
      const free = () => {
        this.#wire.off('drain', free);
        this.#wire.off('close', free);
        this.#drained = undefined;
        resolve();
      };
      this.#wire.on('drain', free);
      this.#wire.on('close', free);
    });
    return this.#drained;
  }

  /** Cuts the socket off when more waits for its client than any client that reads leaves waiting. */
  closeWhenFull(): void {
    if (this.#wire.writableLength > this.#mostWaitingBytes) this.#socket.terminate();
  }
}
