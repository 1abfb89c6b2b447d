/**
 * How long the next try waits, with jitter: of many that fail together, not all try again together.
 *
 * @param failures how many tries have failed in a row, from 1
 * @returns between half of `firstMs`, doubled with each failure up to `longestMs`, and all of it
 */
export function backoffMs(failures: number, firstMs: number, longestMs: number): number {
  const fullMs = Math.min(longestMs, firstMs * 2 ** Math.min(30, failures - 1));
  return fullMs * (0.5 + Math.random() / 2);
}
