import { createHash } from 'node:crypto';

/**
 * The id of the task that an idempotency key stands for: the same owner, name and key give the same id on every
 * gateway.
 */
export function keyedTaskId(owner: string, name: string, key: string): string {
  return derivedTaskId([owner, name, key]);
}

/**
 * The id of a task that a handler starts: the same in every attempt of the parent.
 *
 * @param key what the handler calls it, or the number of the start among those of that name, from 1
 */
export function childTaskId(parentId: string, name: string, key: string | number): string {
  return derivedTaskId(['child', parentId, name, key]);
}

/** A UUID of what it stands for (RFC 9562, version 8: the first 122 bits of a SHA-256). */
function derivedTaskId(parts: readonly (string | number)[]): string {
  const bytes = createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
