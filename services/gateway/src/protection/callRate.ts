import { LRUCache } from 'lru-cache';

/** A call rate: `burst` calls at once, and `perSecond` calls a second on average. */
export type CallRate = {
  /** Calls a second, on average. */
  readonly perSecond: number;
  /** Calls at once, after a time without any. */
  readonly burst: number;
};

/** Whether calls are allowed by a rate. */
export type RateDecision = {
  readonly allowed: boolean;
  /** How many more calls are allowed now. */
  readonly remaining: number;
  /** After how many seconds refused calls can be repeated; 0 when they were allowed. */
  readonly retryAfterSeconds: number;
  /** After how many seconds without calls the whole burst is available again. */
  readonly resetSeconds: number;
};

/** How many callers are remembered. The least recently seen is forgotten first, and has its whole burst again then. */
const maxCallers = 100_000;

/**
 * Limits the call rate of each caller by the generic cell rate algorithm (ITU-T I.371), which needs one number per caller
 * and no timer. The state is in memory, so each gateway applies the rate for itself.
 */
export class CallRateLimiter {
  readonly #rate: CallRate;
  /** When the whole burst of a caller will be available again, in milliseconds since 1970. */
  readonly #resetAtMs = new LRUCache<string, number>({ max: maxCallers });

  constructor(rate: CallRate) {
    this.#rate = rate;
  }

  /** Counts calls, all of them or none. More calls than the burst are never allowed. */
  take(caller: string, calls: number, nowMs: number): RateDecision {
    const { perSecond, burst } = this.#rate;
    const resetAtMs = Math.max(this.#resetAtMs.get(caller) ?? 0, nowMs);
    const next = resetAtMs + (calls * 1_000) / perSecond;
    const burstMs = (burst * 1_000) / perSecond;
    const allowed = next - nowMs <= burstMs;
    if (allowed) this.#resetAtMs.set(caller, next);
    const usedMs = (allowed ? next : resetAtMs) - nowMs;
    return {
      allowed,
      remaining: Math.max(0, Math.floor(((burstMs - usedMs) * perSecond) / 1_000)),
      retryAfterSeconds: allowed ? 0 : Math.max(1, Math.ceil((next - nowMs - burstMs) / 1_000)),
      resetSeconds: Math.ceil(usedMs / 1_000),
    };
  }
}
