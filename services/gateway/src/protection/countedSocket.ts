import { setImmediate } from 'node:timers/promises';
import type { WebsocketPluginOptions } from '@fastify/websocket';
import { JsonBreadth, type JsonBreadthLimits, tooManyValues } from '@longhaul/broker';
import WebSocket, { type RawData } from 'ws';
import { catalogueErrorShape } from '../http/errorShape.ts';
import { otherLimitBytes, tooLargeForOthers, uncountedBytes } from './bodyBreadth.ts';

/** How many bytes of a message are counted in one turn of the event loop. */
const chunkBytes = 64 * 1024;
/** How many bytes after the member name `id` are searched for its value. */
const idLength = 200;

/**
 * WebSockets that count the JSON values of a message before it is parsed, as {@link countBodies} does for bodies. The
 * calls of a refused message are answered with an error, each by its id; the socket stays open.
 *
 * @returns the class for the option `WebSocket` of ws's server
 */
export function countedSockets(limits: JsonBreadthLimits): WebSocketClass {
  class CountedSocket extends WebSocket {
    /** Messages after one that is still being counted. They keep their order, since the first may carry the credentials. */
    #waiting: Promise<void> | undefined;

    override emit(event: string | symbol, ...args: unknown[]): boolean {
      if (event !== 'message') return super.emit(event, ...args);
      const [data] = args as [RawData];
      const bytes = Buffer.isBuffer(data) ? data : Buffer.alloc(0);
      if (!this.#waiting && bytes.length <= uncountedBytes) return super.emit(event, ...args);
      const pending = (this.#waiting ?? Promise.resolve()).then(async () => {
        if (await this.#isWithinLimits(bytes)) super.emit(event, ...args);
      });
      this.#waiting = pending;
      void pending.finally(() => {
        if (this.#waiting === pending) this.#waiting = undefined;
      });
      return true;
    }

    async #isWithinLimits(bytes: Buffer): Promise<boolean> {
      if (bytes.length <= uncountedBytes) return true;
      const isTooLarge = bytes.length > otherLimitBytes;
      const breadth = new JsonBreadth(limits);
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        breadth.push(bytes.subarray(at, at + chunkBytes));
        await setImmediate();
        if (this.readyState !== WebSocket.OPEN) return false;
      }
      const { excess } = breadth;
      if (excess === undefined && !isTooLarge) return true;
      const error = catalogueErrorShape(
        excess === undefined ? tooLargeForOthers() : tooManyValues('the request', excess, limits),
      );
      // A call without an id cannot be answered.
      for (const offset of breadth.idOffsets) {
        const id = idAt(bytes, offset);
        if (id !== undefined) this.send(JSON.stringify({ id, error }));
      }
      return false;
    }
  }
  // ws types the option as its whole module; a server uses it only as a class.
  return CountedSocket as unknown as WebSocketClass;
}

/** The type of the option `WebSocket` of ws's server. */
type WebSocketClass = NonNullable<NonNullable<WebsocketPluginOptions['options']>['WebSocket']>;

/** The number or string after the colon that follows the member name. */
function idAt(bytes: Buffer, offset: number): number | string | undefined {
  const text = bytes.subarray(offset, offset + idLength).toString();
  const [, literal] = /^\s*:\s*(\d+|"[^"\\]*")/.exec(text) ?? [];
  return literal === undefined ? undefined : (JSON.parse(literal) as number | string);
}
