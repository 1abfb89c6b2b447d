import { createHash } from 'node:crypto';
import { stringify, v7 as uuidV7 } from 'uuid';

/** A new task's id: sorts by the time it was made (RFC 9562, version 7). */
export function newTaskId(): string {
  return uuidV7();
}

/**
 * The id of the task that an idempotency key stands for: the same owner, name and key give the same id on every
 * gateway (RFC 9562, version 8: the first 122 bits of a SHA-256).
 */
export function keyedTaskId(owner: string, name: string, key: string): string {
  const bytes = createHash('sha256')
    .update(JSON.stringify([owner, name, key]))
    .digest()
    .subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return stringify(bytes);
}
