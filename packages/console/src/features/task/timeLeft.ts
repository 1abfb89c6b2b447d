/** Where a task stood at a moment. */
export type Sample = { readonly atMs: number; readonly percent: number };

/** Of a task that has been slow and is fast now, the latest pace counts: so much of the way, at least, is looked back. */
const lookBackPercent = 20;
const leastSamples = 3;
const leastSpanMs = 1_500;

/**
 * How long a task still takes at its present pace.
 *
 * @param samples of one attempt, oldest first
 * @returns milliseconds from `nowMs`, or `undefined` while there is too little to tell
 */
export function timeLeftMs(samples: readonly Sample[], nowMs: number): number | undefined {
  const last = samples.at(-1);
  if (!last || samples.length < leastSamples || last.percent >= 100) return undefined;
  const first =
    samples.findLast(
      ({ percent, atMs }) => last.percent - percent >= lookBackPercent && last.atMs - atMs >= leastSpanMs,
    ) ?? samples[0];
  if (!first || last.atMs - first.atMs < leastSpanMs || last.percent <= first.percent) return undefined;
  const msPerPercent = (last.atMs - first.atMs) / (last.percent - first.percent);
  return Math.max(0, (100 - last.percent) * msPerPercent - (nowMs - last.atMs));
}
