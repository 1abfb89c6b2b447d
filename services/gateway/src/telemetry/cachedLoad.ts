/**
 * Makes a load that many ask for at once, and asks for what is new only: for a while after it began, everybody gets the
 * same answer. A failure is told to those who waited for it, and the next one tries again.
 *
 * @param keptMs how long, in milliseconds; it may depend on how long the load took, so that a dear one is made seldom
 */
export function cachedLoad<T>(
  keptMs: number | ((tookMs: number) => number),
  load: () => Promise<T>,
): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let newUntilMs = Number.POSITIVE_INFINITY;
  return () => {
    if (answer && performance.now() < newUntilMs) return answer;
    const beganAtMs = performance.now();
    newUntilMs = typeof keptMs === 'number' ? beganAtMs + keptMs : Number.POSITIVE_INFINITY;
    const loading = load();
    answer = loading;
    loading.then(
      () => {
        if (answer === loading && typeof keptMs === 'function')
          newUntilMs = beganAtMs + keptMs(performance.now() - beganAtMs);
      },
      () => {
        if (answer === loading) answer = undefined;
      },
    );
    return loading;
  };
}
