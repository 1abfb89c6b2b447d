import type { WebSocket } from 'ws';
import type { Caller } from './caller.ts';
import { untilCredentialsEnd } from './credentials.ts';

/** How long a WebSocket may be open without saying who calls. */
const helloLimitMs = 10_000;
/** How long the errors of its streams have to reach a client whose credentials have ended, before its socket is closed. */
const farewellMs = 1_000;
/** Codes of our own (RFC 6455, 7.4.2), after HTTP's. */
const unauthenticatedCode = 4401;

/** WebSockets, which say once who calls: those that never do are closed, and those whose credentials end. */
export class SocketCredentials {
  readonly #unknown = new Map<object, { readonly socket: WebSocket; readonly timer: NodeJS.Timeout }>();

  /** A socket has been opened. */
  opened(socket: WebSocket): void {
    const timer = setTimeout(() => socket.close(unauthenticatedCode, 'no credentials'), helloLimitMs).unref();
    this.#unknown.set(socket, { socket, timer });
    socket.once('close', () => this.#forget(socket));
  }

  /**
   * It is known who calls. Closed once the credentials end, the socket is opened again by tRPC's client, which asks for
   * new credentials then.
   *
   * @param channel what the call came by; nothing is done for anything but a WebSocket
   */
  known(channel: object, caller: Caller): void {
    const socket = this.#unknown.get(channel)?.socket;
    if (!socket) return;
    this.#forget(socket);
    const end = untilCredentialsEnd(caller);
    const close = () => {
      setTimeout(() => socket.close(unauthenticatedCode, 'credentials have ended'), farewellMs).unref();
    };
    if (end.signal.aborted) close();
    else end.signal.addEventListener('abort', close, { once: true });
    socket.once('close', () => {
      end.signal.removeEventListener('abort', close);
      end[Symbol.dispose]();
    });
  }

  #forget(socket: WebSocket): void {
    clearTimeout(this.#unknown.get(socket)?.timer);
    this.#unknown.delete(socket);
  }
}
