import { Transform, type TransformCallback } from 'node:stream';
import { JsonBreadth, type JsonBreadthLimits, tooManyValues } from '@longhaul/broker';
import type { FastifyReply, FastifyRequest, RequestPayload } from 'fastify';

/** Shorter bodies are not counted: they can exceed the default limits only slightly. */
export const uncountedBytes = 32 * 1024;

/**
 * Counts the JSON values of a body while it arrives, and refuses the body at the chunk that exceeds a limit: parsing a
 * few megabytes of members would block the event loop, and with it all calls, for seconds. Counting one chunk takes less
 * than a millisecond.
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
  readonly #limits: JsonBreadthLimits;
  readonly #breadth: JsonBreadth;
  readonly #refuse: () => void;

  constructor(limits: JsonBreadthLimits, refuse: () => void) {
    super();
    this.#limits = limits;
    this.#breadth = new JsonBreadth(limits);
    this.#refuse = refuse;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.receivedEncodedLength += chunk.length;
    this.#breadth.push(chunk);
    const { excess } = this.#breadth;
    if (excess === undefined) {
      done(null, chunk);
      return;
    }
    this.#refuse();
    done(tooManyValues('the request', excess, this.#limits));
  }
}
