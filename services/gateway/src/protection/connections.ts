import type { Server } from 'node:http';
import type { Socket } from 'node:net';

type Seen = { sentBytes: number; atMs: number };

/**
 * The connections of the gateway. It cuts off those whose client does not read: something has waited to be sent, and
 * nothing of it was taken, for `stalledMs`. Whatever they carry (answers, streams, WebSockets), what waits is memory.
 *
 * A watcher that is cut off comes back with the id of its last event and misses nothing.
 */
export class Connections {
  readonly #stalledMs: number;
  readonly #sockets = new Map<Socket, Seen>();
  #timer: NodeJS.Timeout | undefined;

  constructor(stalledMs: number) {
    this.#stalledMs = stalledMs;
  }

  /** How many are open. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Looks after the connections of a server until it is stopped. */
  of(server: Server): void {
    server.on('connection', (socket: Socket) => {
      this.#sockets.set(socket, { sentBytes: 0, atMs: performance.now() });
      socket.once('close', () => this.#sockets.delete(socket));
    });
    // A quarter: a client has at most five quarters of the time.
    this.#timer = setInterval(() => this.#cutStalled(), this.#stalledMs / 4).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #cutStalled(): void {
    const nowMs = performance.now();
    for (const [socket, seen] of this.#sockets) {
      // `bytesWritten` counts what still waits as well.
      const sentBytes = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0 || sentBytes !== seen.sentBytes) {
        seen.sentBytes = sentBytes;
        seen.atMs = nowMs;
      } else if (nowMs - seen.atMs >= this.#stalledMs) {
        socket.destroy();
      }
    }
  }
}
