import type { WebSocket } from 'ws';
import type { Caller } from './caller.ts';
import { untilCredentialsEnd } from './credentials.ts';

/** How long a WebSocket may be open without sending credentials. */
const credentialsTimeoutMs = 10_000;
/** The delay before a socket is closed whose credentials expired, so that the errors of its streams arrive before. */
const closeDelayMs = 1_000;
/** A private close code (RFC 6455, 7.4.2), derived from HTTP's 401. */
const unauthenticatedCode = 4401;

/** Closes WebSockets that send no credentials in time, and those whose credentials expire or are revoked. */
export class SocketCredentials {
  readonly #unauthenticated = new Map<
    object,
    { readonly socket: WebSocket; readonly timer: NodeJS.Timeout }
  >();

  /** Watches a socket that was opened. */
  opened(socket: WebSocket): void {
    const timer = setTimeout(
      () => socket.close(unauthenticatedCode, 'no credentials'),
      credentialsTimeoutMs,
    ).unref();
    this.#unauthenticated.set(socket, { socket, timer });
    socket.once('close', () => this.#forget(socket));
  }

  /**
   * Records the caller of a socket, which is closed when the credentials end. tRPC's client then reconnects with new
   * credentials.
   *
   * @param channel the channel of the call; ignored unless it is a watched WebSocket
   */
  known(channel: object, caller: Caller): void {
    const socket = this.#unauthenticated.get(channel)?.socket;
    if (!socket) return;
    this.#forget(socket);
    const end = untilCredentialsEnd(caller);
    const close = () => {
      setTimeout(() => socket.close(unauthenticatedCode, 'credentials have expired'), closeDelayMs).unref();
    };
    if (end.signal.aborted) close();
    else end.signal.addEventListener('abort', close, { once: true });
    socket.once('close', () => {
      end.signal.removeEventListener('abort', close);
      end[Symbol.dispose]();
    });
  }

  #forget(socket: WebSocket): void {
    clearTimeout(this.#unauthenticated.get(socket)?.timer);
    this.#unauthenticated.delete(socket);
  }
}
