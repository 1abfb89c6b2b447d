import type { Worker } from 'node:worker_threads';

/**
 * How often the memory of a busy thread is looked at. V8's own limit does not do alone: it knows no buffers, and
 * reaching it may end not just the thread but the process. So it lies far above, for a thread that no look can catch:
 * one that fills gigabytes within a look takes its executor along, and its task counts as lost.
 */
const lookEveryMs = 25;
export const hardLimitFactor = 8;

/** Calls back once when a thread takes more than so many MiB, in heap and buffers. */
export function watchMemory(
  thread: Worker | undefined,
  limitMb: number,
  onTooMuch: (usedMb: number) => void,
): { stop(): void } {
  let isLooking = false;
  const timer = setInterval(async () => {
    // A thread in a long call of the operating system answers when that is over.
    if (isLooking) return;
    isLooking = true;
    const usedMb = await memoryMb(thread);
    isLooking = false;
    if (usedMb <= limitMb) return;
    clearInterval(timer);
    onTooMuch(Math.round(usedMb));
  }, lookEveryMs);
  return { stop: () => clearInterval(timer) };
}

/** Also of a thread that is busy; 0 of one that has ended. */
async function memoryMb(thread: Worker | undefined): Promise<number> {
  try {
    const statistics = await thread?.getHeapStatistics();
    return statistics ? (statistics.used_heap_size + statistics.external_memory) / 1024 ** 2 : 0;
  } catch {
    return 0;
  }
}
