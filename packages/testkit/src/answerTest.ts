/** How often the event loop is looked at. */
const lookMs = 5;

/**
 * Answers the message `busy?` of the parent process with the longest time that the event loop was kept by one turn since
 * it was asked last. It is processor time of the thread: on a machine with other work, the clock tells nothing.
 */
export function answerBusy(): void {
  let longestMs = 0;
  let before = process.threadCpuUsage();
  setInterval(() => {
    const used = process.threadCpuUsage(before);
    before = process.threadCpuUsage();
    longestMs = Math.max(longestMs, (used.user + used.system) / 1_000);
  }, lookMs).unref();
  process.on('message', message => {
    if (message !== 'busy?') return;
    process.send?.({ busyMs: longestMs });
    longestMs = 0;
  });
}

/** Answers the parent process's question for the heap in use, after a garbage collection (needs `--expose-gc`). */
export function answerHeap(): void {
  process.on('message', message => {
    if (message !== 'heap?') return;
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    process.send?.({ heapBytes: heapUsed, memoryBytes: heapUsed + external });
  });
}
