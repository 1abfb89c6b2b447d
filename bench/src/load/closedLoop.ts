/** What a loop of calls took. */
export type LoopResult = {
  /** Of the whole loop. */
  readonly elapsedMs: number;
  /** Of each call, in the order in which they ended. */
  readonly latenciesMs: Float64Array;
};

/**
 * Makes `count` calls, always `inFlight` of them at once: the next begins when one has ended. How fast it goes is
 * what the system can take. A call that fails ends the loop.
 */
export async function closedLoop(
  count: number,
  inFlight: number,
  call: (index: number) => Promise<unknown>,
): Promise<LoopResult> {
  const latenciesMs = new Float64Array(count);
  let begun = 0;
  let ended = 0;
  const startedAt = performance.now();
  const lane = async () => {
    while (begun < count) {
      const index = begun;
      begun += 1;
      const calledAt = performance.now();
      await call(index);
      latenciesMs[ended] = performance.now() - calledAt;
      ended += 1;
    }
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, count) }, lane));
  return { elapsedMs: performance.now() - startedAt, latenciesMs };
}
