import { v7 as uuidV7 } from 'uuid';

/** A new task's id: sorts by the time it was made (RFC 9562, version 7). */
export function newTaskId(): string {
  return uuidV7();
}
