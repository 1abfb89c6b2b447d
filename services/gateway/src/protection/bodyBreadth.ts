import { Transform, type TransformCallback } from 'node:stream';
import { JsonBreadth, type JsonBreadthLimits } from '@longhaul/broker';
import { GatewayError } from '@longhaul/proto/wire';
import type { FastifyReply, FastifyRequest, RequestPayload } from 'fastify';

/** A shorter body cannot hold more than the default limits, or so little more that it is not worth counting. */
export const uncountedBytes = 32 * 1024;

/** What a request is refused with that holds more JSON than the gateway parses at once. */
export function tooManyValues(excess: keyof JsonBreadthLimits, limits: JsonBreadthLimits): GatewayError {
  const what =
    excess === 'values'
      ? `more than ${limits.values} values (members of objects and elements of arrays)`
      : `more than ${limits.keys} different names of members`;
  return new GatewayError(
    'TOO_MANY_VALUES',
    `The JSON of the request has ${what}. Split it, pass a reference (a path or URL) instead of the data itself, or raise jsonBreadth.${excess} of gateways and executors (JSON_${excess.toUpperCase()}).`,
  );
}

/**
 * Counts what a body holds while it arrives, and refuses it at the piece that exceeds a limit: parsing a few megabytes
 * of members would keep the event loop, and so localAdministrator's calls, waiting for seconds. The count of one piece takes
 * less than a millisecond.
 *
 * @returns a hook for `preParsing`
 */
export function countBodies(limits: JsonBreadthLimits) {
  return async (
    { headers }: FastifyRequest,
    reply: FastifyReply,
    payload: RequestPayload,
  ): Promise<RequestPayload> => {
    const length = headers['content-length'];
    const hasBody = length !== undefined || headers['transfer-encoding'] !== undefined;
    if (!hasBody || (length !== undefined && Number(length) <= uncountedBytes)) return payload;
    const counted = new CountedBody(limits, () => {
      // What else was sent is not read: it is thrown away with the connection.
      reply.header('connection', 'close');
      payload.unpipe(counted);
      payload.resume();
    });
    payload.once('error', error => counted.destroy(error));
    payload.once('close', () => {
      if (!payload.readableEnded) counted.destroy();
    });
    return payload.pipe(counted);
  };
}

class CountedBody extends Transform {
  /** Fastify compares it with the header. */
  receivedEncodedLength = 0;
  readonly #limits: JsonBreadthLimits;
  readonly #breadth: JsonBreadth;
  readonly #refuse: () => void;

  constructor(limits: JsonBreadthLimits, refuse: () => void) {
    super();
    this.#limits = limits;
    this.#breadth = new JsonBreadth(limits);
    this.#refuse = refuse;
  }

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.receivedEncodedLength += piece.length;
    this.#breadth.push(piece);
    const { excess } = this.#breadth;
    if (excess === undefined) {
      done(null, piece);
      return;
    }
    this.#refuse();
    done(tooManyValues(excess, this.#limits));
  }
}
