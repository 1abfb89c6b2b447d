import { createHash, createHmac } from 'node:crypto';
import type { Broker } from './broker.ts';

/**
 * The id of the task that an idempotency key stands for: the same owner, name and key give the same id on every
 * gateway. Without the deployment's secret no client can compute it, so that no caller can ask for the ids of other
 * owners' keys.
 */
export function keyedTaskId(
  { idSecret }: Pick<Broker, 'idSecret'>,
  owner: string,
  name: string,
  key: string,
): string {
  if (!idSecret)
    throw new TypeError('Only a gateway makes the ids of keyed tasks: it has read their secret.');
  const text = JSON.stringify([owner, name, key]);
  return uuidOf(createHmac('sha256', idSecret).update(text).digest());
}

/**
 * The id of a task that a handler starts: the same in every attempt of the parent. A client that knows the parent's id may
 * know it.
 *
 * @param key what the handler calls it, or the number of the start among those of that name, from 1
 */
export function childTaskId(parentId: string, name: string, key: string | number): string {
  return uuidOf(
    createHash('sha256')
      .update(JSON.stringify(['child', parentId, name, key]))
      .digest(),
  );
}

/** A UUID of a digest (RFC 9562, version 8): its first 122 bits. */
function uuidOf(digest: Buffer): string {
  const bytes = digest.subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
