/**
 * Shares the result of a load among its callers, until it is `keptMs` old, counted from the start of the load. A failure
 * is passed to the callers that waited for it, and the next call loads again.
 *
 * @param keptMs milliseconds for which a result is kept; may depend on how long the load took, so that expensive loads are
 *   rare
 */
export function cachedLoad<T>(
  keptMs: number | ((tookMs: number) => number),
  load: () => Promise<T>,
): () => Promise<T> {
  let current: Promise<T> | undefined;
  let freshUntilMs = Number.POSITIVE_INFINITY;
  return () => {
    if (current && performance.now() < freshUntilMs) return current;
    const startedAtMs = performance.now();
    freshUntilMs = typeof keptMs === 'number' ? startedAtMs + keptMs : Number.POSITIVE_INFINITY;
    const loading = load();
    current = loading;
    loading.then(
      () => {
        if (current === loading && typeof keptMs === 'function')
          freshUntilMs = startedAtMs + keptMs(performance.now() - startedAtMs);
      },
      () => {
        if (current === loading) current = undefined;
      },
    );
    return loading;
  };
}
