import { setImmediate } from 'node:timers/promises';
import type { WebsocketPluginOptions } from '@fastify/websocket';
import { JsonBreadth, type JsonBreadthLimits } from '@longhaul/broker';
import WebSocket, { type RawData } from 'ws';
import { catalogueErrorShape } from '../http/errorShape.ts';
import { tooManyValues, uncountedBytes } from './bodyBreadth.ts';

/** So much of a message is counted in one turn of the event loop. */
const pieceBytes = 64 * 1024;
/** Where a call's id is to be found behind its name. */
const idLength = 200;

/**
 * The WebSockets of a gateway that counts what a message holds before anybody parses it, as {@link countBodies} does
 * for bodies. The calls of a message that is refused are answered, each by its id; the socket stays open.
 *
 * @returns the class for the option `WebSocket` of ws's server
 */
export function countedSockets(limits: JsonBreadthLimits): WebSocketClass {
  class CountedSocket extends WebSocket {
    /** What came behind a message that is still being counted: in order, since the first may say who calls. */
    #waiting: Promise<void> | undefined;

    override emit(event: string | symbol, ...given: unknown[]): boolean {
      if (event !== 'message') return super.emit(event, ...given);
      const [data] = given as [RawData];
      const bytes = Buffer.isBuffer(data) ? data : Buffer.alloc(0);
      if (!this.#waiting && bytes.length <= uncountedBytes) return super.emit(event, ...given);
      const turn = (this.#waiting ?? Promise.resolve()).then(async () => {
        if (await this.#isFit(bytes)) super.emit(event, ...given);
      });
      this.#waiting = turn;
      void turn.finally(() => {
        if (this.#waiting === turn) this.#waiting = undefined;
      });
      return true;
    }

    async #isFit(bytes: Buffer): Promise<boolean> {
      if (bytes.length <= uncountedBytes) return true;
      const breadth = new JsonBreadth(limits);
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        breadth.push(bytes.subarray(at, at + pieceBytes));
        await setImmediate();
        if (this.readyState !== WebSocket.OPEN) return false;
      }
      const { excess } = breadth;
      if (excess === undefined) return true;
      const error = catalogueErrorShape(tooManyValues(excess, limits));
      // A call without an id is nobody's to answer.
      for (const offset of breadth.idOffsets) {
        const id = idAt(bytes, offset);
        if (id !== undefined) this.send(JSON.stringify({ id, error }));
      }
      return false;
    }
  }
  // ws types the option as its whole module, whose other parts no server asks a class for.
  return CountedSocket as unknown as WebSocketClass;
}

/** As the option `WebSocket` of ws's server is typed. */
type WebSocketClass = NonNullable<NonNullable<WebsocketPluginOptions['options']>['WebSocket']>;

/** The number or text behind the colon that follows the name. */
function idAt(bytes: Buffer, offset: number): number | string | undefined {
  const text = bytes.subarray(offset, offset + idLength).toString();
  const [, literal] = /^\s*:\s*(\d+|"[^"\\]*")/.exec(text) ?? [];
  return literal === undefined ? undefined : (JSON.parse(literal) as number | string);
}
