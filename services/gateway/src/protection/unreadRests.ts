import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import type { FastifyInstance } from 'fastify';

/** How much is read and discarded of a request that has been answered already. */
export type RestLimits = {
  readonly bytes: number;
  /** Milliseconds in which nothing arrives. */
  readonly idleMs: number;
  /** Milliseconds in all. */
  readonly totalMs: number;
};

/** Connections whose request has its answer, while the rest of the request is discarded. */
const answered = new WeakSet<Socket>();

/** Whether all that may still be done with a connection is to close it: another answer would follow a whole one. */
export function isAnswered(socket: Socket): boolean {
  return answered.has(socket);
}

/**
 * Reads on where a request is answered before all of its body has arrived, and closes the connection only afterwards
 * (RFC 9112, 9.6). A close while the client still writes resets the connection: the client then sees a broken pipe, and
 * its system may throw away the answer that it had received. Many clients read no answer before they have sent all.
 *
 * The answer leaves at once, with its length. Only its end waits for the request, so that Node neither closes the
 * connection nor reads without limits.
 */
export function discardUnreadRests(server: Pick<FastifyInstance, 'addHook'>, limits: RestLimits): void {
  server.addHook('onSend', ({ raw }, reply, payload, done) => {
    const { 'content-length': length = '0', 'transfer-encoding': encoding } = raw.headers;
    const isComplete = raw.complete || (length === '0' && encoding === undefined);
    // Answers that are streams have no body before them that is worth it.
    if (isComplete || !(typeof payload === 'string' || Buffer.isBuffer(payload))) {
      done(null, payload);
      return;
    }
    const answer = Buffer.from(payload);
    reply.header('content-length', answer.length);
    done(null, answerAndDiscard(answer, raw, limits));
  });
}

function answerAndDiscard(answer: Buffer, request: IncomingMessage, limits: RestLimits): PassThrough {
  const { socket } = request;
  answered.add(socket);
  const held = new PassThrough();
  held.write(answer);
  const stop = discard(request, limits, () => socket.destroy());
  // The request ends, or its client leaves. Without a listener that would be an uncaught error.
  request.on('error', () => {});
  request.once('close', () => {
    stop();
    answered.delete(socket);
    held.end();
  });
  // What it was piped to takes no more.
  request.unpipe();
  request.resume();
  return held;
}

/** Answers on a connection whose bytes are no request, and closes it as {@link discardUnreadRests} does. */
export function answerAndClose(socket: Socket, answer: string, limits: RestLimits): void {
  answered.add(socket);
  // Otherwise Node's parser reads what follows, and reports it as an error again.
  socket.removeAllListeners('data');
  const stop = discard(socket, limits, () => socket.destroy());
  socket.once('end', () => socket.destroySoon());
  socket.once('close', stop);
  socket.end(answer);
  socket.resume();
}

/** @returns stops watching the limits */
function discard(from: IncomingMessage | Socket, limits: RestLimits, exceeded: () => void): () => void {
  let leftBytes = limits.bytes;
  const idle = setTimeout(exceeded, limits.idleMs);
  const total = setTimeout(exceeded, limits.totalMs);
  from.on('data', (chunk: Buffer) => {
    idle.refresh();
    leftBytes -= chunk.length;
    if (leftBytes < 0) exceeded();
  });
  return () => {
    clearTimeout(idle);
    clearTimeout(total);
  };
}
