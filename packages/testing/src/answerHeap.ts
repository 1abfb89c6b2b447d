/** Answers the parent process's question for the heap in use, after a garbage collection (needs `--expose-gc`). */
export function answerHeap(): void {
  process.on('message', message => {
    if (message !== 'heap?') return;
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    process.send?.({ heapBytes: heapUsed, memoryBytes: heapUsed + external });
  });
}
