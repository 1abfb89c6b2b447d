import type { Worker } from 'node:worker_threads';

/**
 * How often the memory of a busy thread is read. V8's own limit is not enough: it does not count buffers, and reaching it
 * can end the whole process. So that limit is set far higher, for a thread that fills its memory between two reads. A
 * thread that fills gigabytes in that time ends its executor, and its task counts as lost.
 */
const readEveryMs = 25;
export const hardLimitFactor = 8;

/** Calls back once when a thread takes more than `limitMb` MiB, heap and buffers together. */
export function watchMemory(
  thread: Worker | undefined,
  limitMb: number,
  onTooMuch: (usedMb: number) => void,
): { stop(): void } {
  let isReading = false;
  const timer = setInterval(async () => {
    // A thread in a long call of the operating system answers only after it.
    if (isReading) return;
    isReading = true;
    const usedMb = await memoryMb(thread);
    isReading = false;
    if (usedMb <= limitMb) return;
    clearInterval(timer);
    onTooMuch(Math.round(usedMb));
  }, readEveryMs);
  return { stop: () => clearInterval(timer) };
}

/** The memory of a thread in MiB, also while it is busy. 0 once it has ended. */
async function memoryMb(thread: Worker | undefined): Promise<number> {
  try {
    const statistics = await thread?.getHeapStatistics();
    return statistics ? (statistics.used_heap_size + statistics.external_memory) / 1024 ** 2 : 0;
  } catch {
    return 0;
  }
}
