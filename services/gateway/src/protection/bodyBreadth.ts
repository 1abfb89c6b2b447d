import { Transform, type TransformCallback } from 'node:stream';
import { JsonBreadth, type JsonBreadthLimits, tooManyValues } from '@longhaul/broker';
import { GatewayError } from '@longhaul/proto/wire';
import type { FastifyReply, FastifyRequest, RequestPayload } from 'fastify';

/** Shorter bodies are not counted: they can exceed the default limits only slightly. */
export const uncountedBytes = 32 * 1024;
/** A larger body of a start is not parsed by Fastify, but in a thread. Parsing takes up to 10 ms for a megabyte. */
const parsedHereBytes = 1024 * 1024;
/** The largest body of other requests (batches of tRPC and calls that start nothing) and message of a WebSocket. */
export const otherLimitBytes = 8 * 1024 * 1024;

export type BodyLimits = {
  readonly breadth: JsonBreadthLimits;
  /** The largest body of a start. */
  readonly limitBytes: number;
  /** Takes a large body of a start in its chunks. `undefined`: the request is no start. */
  readonly keeperOf: (request: FastifyRequest) => ((chunks: readonly Buffer[]) => void) | undefined;
};

/** The error for requests that may not be as large as a start. */
export function tooLargeForOthers(): GatewayError {
  return new GatewayError(
    'PAYLOAD_TOO_LARGE',
    `Only a start in a request of its own may have more than ${otherLimitBytes} bytes: not a batch of tRPC, not a message of a WebSocket, not another call. Send it alone over HTTP, or pass a reference (a path or URL) instead of the data itself.`,
  );
}

/** The error for a start with more bytes than the limit. */
export function tooManyBytes(limitBytes: number): GatewayError {
  return new GatewayError(
    'PAYLOAD_TOO_LARGE',
    `The request has more than ${limitBytes} bytes. Pass a reference (a path or URL) instead of the data itself.`,
  );
}

/**
 * Counts bytes and JSON values of a body while it arrives, and refuses the body at the chunk that exceeds a limit: parsing
 * a few megabytes of members would block the event loop, and with it all calls, for seconds. Counting one chunk takes less
 * than a millisecond. The large body of a start is kept as it is, for a thread to parse it, and Fastify sees none.
 *
 * @returns a hook for `preParsing`
 */
export function countBodies(limits: BodyLimits) {
  return async (
    request: FastifyRequest,
    reply: FastifyReply,
    payload: RequestPayload,
  ): Promise<RequestPayload> => {
    const { headers } = request;
    const length = headers['content-length'];
    const hasBody = length !== undefined || headers['transfer-encoding'] !== undefined;
    if (!hasBody || (length !== undefined && Number(length) <= uncountedBytes)) return payload;
    const isSmall = length !== undefined && Number(length) <= parsedHereBytes;
    const keep = isSmall ? undefined : limits.keeperOf(request);
    const counted = new CountedBody(limits, keep, () => {
      // `discardUnreadRests` takes the rest.
      reply.header('connection', 'close');
      payload.unpipe(counted);
    });
    // After a refusal nobody else listens, and an error without a listener would end the process.
    counted.on('error', () => {});
    payload.once('error', error => counted.destroy(error));
    payload.once('close', () => {
      if (!payload.readableEnded) counted.destroy();
    });
    return payload.pipe(counted);
  };
}

class CountedBody extends Transform {
  /** Fastify compares it with `Content-Length`. */
  receivedEncodedLength = 0;
  readonly #limits: BodyLimits;
  readonly #breadth: JsonBreadth;
  readonly #refuse: () => void;
  readonly #keep: ((chunks: readonly Buffer[]) => void) | undefined;
  readonly #chunks: Buffer[] = [];

  constructor(
    limits: BodyLimits,
    keep: ((chunks: readonly Buffer[]) => void) | undefined,
    refuse: () => void,
  ) {
    super();
    this.#limits = limits;
    this.#breadth = new JsonBreadth(limits.breadth);
    this.#keep = keep;
    this.#refuse = refuse;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.receivedEncodedLength += chunk.length;
    this.#breadth.push(chunk);
    const refusal = this.#refusal();
    if (refusal) {
      this.#refuse();
      done(refusal);
    } else if (this.#keep) {
      this.#chunks.push(chunk);
      done();
    } else {
      done(null, chunk);
    }
  }

  override _flush(done: TransformCallback): void {
    if (this.#keep && this.receivedEncodedLength > parsedHereBytes) this.#keep(this.#chunks);
    else for (const chunk of this.#chunks) this.push(chunk);
    done();
  }

  #refusal(): GatewayError | undefined {
    const { excess } = this.#breadth;
    if (excess !== undefined) return tooManyValues('the request', excess, this.#limits.breadth);
    const { limitBytes } = this.#limits;
    const limit = this.#keep ? limitBytes : Math.min(limitBytes, otherLimitBytes);
    if (this.receivedEncodedLength <= limit) return undefined;
    return limit === limitBytes ? tooManyBytes(limitBytes) : tooLargeForOthers();
  }
}
