import { setImmediate } from 'node:timers/promises';

/** How much is copied in one turn of the event loop: a few milliseconds' work. */
const bytesPerTurn = 1024 * 1024;

let spentBytes = 0;
let turn: Promise<void> | undefined;

/**
 * Waits until so many bytes may be copied: to be called before large copies, so that together they do not keep the event
 * loop of the process for long, however many callers want to copy at once. A copy larger than a turn's share is let through
 * in a turn of its own.
 */
export async function pace(bytes: number): Promise<void> {
  while (spentBytes > 0 && spentBytes + bytes > bytesPerTurn) await nextTurn();
  spentBytes += bytes;
  void nextTurn();
}

/** One timer for all, and none while nothing is copied. */
function nextTurn(): Promise<void> {
  turn ??= setImmediate().then(() => {
    spentBytes = 0;
    turn = undefined;
  });
  return turn;
}
