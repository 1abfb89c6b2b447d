import type { Target } from './faultPlan.ts';

/** A stretch of time, in milliseconds since the epoch. */
export type Span = { readonly fromMs: number; toMs: number };

/** One run of a process, from its spawning to its end. */
export type Life = {
  readonly target: Target;
  /** Of an executor: the id that events name. */
  readonly id: string;
  readonly pid: number;
  readonly readyAtMs: number;
  /** When a signal that ends it was sent; it may have run until `endedAtMs`. */
  endSentAtMs?: number;
  endedAtMs?: number;
  /** Whether it had no chance to say goodbye. */
  wasKilled?: boolean;
  readonly pauses: Span[];
};

/** The span is still open. */
export const stillMs = Number.POSITIVE_INFINITY;

/** Whether two spans share a moment. */
export function overlap(a: Span, b: Span): boolean {
  return a.fromMs <= b.toMs && b.fromMs <= a.toMs;
}
