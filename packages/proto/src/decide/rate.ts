import type { RateLimit } from '../contract/taskLimits.ts';
import type { Rate } from '../wire/limit.ts';

/** Whether an attempt may begin now. `atMs`: when to ask again, in milliseconds since the epoch. */
export type RateAnswer = { readonly taken: true } | { readonly taken: false; readonly atMs: number };

/**
 * Lets an attempt begin, or says when. At most `limit` begin in any interval, wherever it is laid: the time of each
 * is kept, so there is no window whose edge lets twice as many through.
 */
export function takeTurn(
  rate: Rate,
  { limit, intervalMs }: RateLimit,
  nowMs: number,
): { readonly rate: Rate; readonly answer: RateAnswer } {
  const begun = rate.begun.filter(atMs => atMs > nowMs - intervalMs);
  const oldest = begun.length < limit ? undefined : begun[begun.length - limit];
  if (oldest !== undefined) return { rate, answer: { taken: false, atMs: oldest + intervalMs } };
  // Another machine's clock may be ahead: the times stay in order.
  const atMs = Math.max(nowMs, begun.at(-1) ?? 0);
  return { rate: { ...rate, begun: [...begun, atMs] }, answer: { taken: true } };
}
