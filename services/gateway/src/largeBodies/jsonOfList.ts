import { Readable } from 'node:stream';
import { pace } from '@longhaul/broker';
import type { FastifyReply } from 'fastify';

/** About how much JSON is made in one turn of the event loop. */
const chunkChars = 512 * 1024;

/**
 * Writes JSON with a list, item by item over as many turns of the event loop as it takes: the records of many tasks with
 * their inputs can have as many megabytes as the request.
 */
export async function jsonOfList(
  before: string,
  items: readonly unknown[],
  after: string,
): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  let text = `${before}[`;
  for (const [index, item] of items.entries()) {
    text += `${index === 0 ? '' : ','}${JSON.stringify(item) ?? 'null'}`;
    if (text.length < chunkChars) continue;
    await pace(text.length);
    chunks.push(Buffer.from(text));
    text = '';
  }
  chunks.push(Buffer.from(`${text}]${after}`));
  return chunks;
}

/** Sends the chunks of an answer, each when the connection has taken the one before it. */
export function sendChunks(reply: FastifyReply, chunks: readonly Buffer[]): FastifyReply {
  const [only = Buffer.alloc(0), ...others] = chunks;
  if (others.length === 0) return reply.send(only);
  reply.header(
    'content-length',
    chunks.reduce((sum, { length }) => sum + length, 0),
  );
  return reply.send(Readable.from(chunks));
}
