/**
 * Does something that waits, with a signal that is aborted after `limitMs`, or as soon as one of the others is.
 *
 * Each call of a task's result waits in this way. Nothing of it stays behind, neither timer nor listener, and it costs
 * a tenth of `AbortSignal.any` with `AbortSignal.timeout`.
 */
export async function withLimit<R>(
  limitMs: number,
  signals: readonly AbortSignal[],
  wait: (signal: AbortSignal) => Promise<R>,
): Promise<R> {
  const limit = new AbortController();
  const end = () => limit.abort();
  const timer = setTimeout(end, limitMs);
  for (const signal of signals) {
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  }
  try {
    return await wait(limit.signal);
  } finally {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener('abort', end);
  }
}
