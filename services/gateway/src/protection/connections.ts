import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * How many connections may wait until they are accepted. With Node's default of 511, watchers that come back together after
 * a restart are dropped by Linux without a word, and try again after 1, 3, 7, 15, … seconds. The system may allow less
 * (`net.core.somaxconn`, 4,096 by default).
 */
export const acceptBacklog = 4_096;

/** How much a connection had sent, and when that last changed. */
type Progress = { sentBytes: number; atMs: number };

/**
 * The open connections of the gateway. Closes those whose client does not read: data has been waiting to be sent, and
 * none of it was accepted, for `stalledMs`. That holds for answers, streams and WebSockets, since the waiting data is in
 * memory.
 *
 * A watcher whose connection was closed reconnects with the id of its last event and misses nothing.
 */
export class Connections {
  readonly #stalledMs: number;
  readonly #sockets = new Map<Socket, Progress>();
  #timer: NodeJS.Timeout | undefined;

  constructor(stalledMs: number) {
    this.#stalledMs = stalledMs;
  }

  /** How many connections are open. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Observes the connections of a server, until `stop`. */
  observe(server: Server): void {
    server.on('connection', (socket: Socket) => {
      this.#sockets.set(socket, { sentBytes: 0, atMs: performance.now() });
      socket.once('close', () => this.#sockets.delete(socket));
    });
    // Checked four times in that period, so a stalled client is closed after at most 1.25 times of it.
    this.#timer = setInterval(() => this.#closeStalled(), this.#stalledMs / 4).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #closeStalled(): void {
    const nowMs = performance.now();
    for (const [socket, progress] of this.#sockets) {
      // `bytesWritten` includes the bytes that still wait in the buffer.
      const sentBytes = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0 || sentBytes !== progress.sentBytes) {
        progress.sentBytes = sentBytes;
        progress.atMs = nowMs;
      } else if (nowMs - progress.atMs >= this.#stalledMs) {
        socket.destroy();
      }
    }
  }
}
