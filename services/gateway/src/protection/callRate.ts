import { LRUCache } from 'lru-cache';

/** How often somebody may call: `burst` calls at once, and `perSecond` in the long run. */
export type CallRate = { readonly perSecond: number; readonly burst: number };

/** What a rate says of a call. */
export type RateDecision = {
  readonly taken: boolean;
  /** How many more calls there are now. */
  readonly left: number;
  /** After how many seconds the calls that were asked for can be made; 0 when they were taken. */
  readonly retryAfterSeconds: number;
  /** After how many seconds of silence there is the whole burst again. */
  readonly fullInSeconds: number;
};

/** How many callers are known. One that has been quiet for longest is forgotten first, and has its whole burst then. */
const knownCallers = 100_000;

/**
 * Counts calls by caller: the generic cell rate algorithm (ITU-T I.371), which needs one number for each and no timer.
 * Kept in memory, so the rate is that of one gateway.
 */
export class CallRateLimiter {
  readonly #rate: CallRate;
  /** When the burst of a caller will be whole again. */
  readonly #wholeAtMs = new LRUCache<string, number>({ max: knownCallers });

  constructor(rate: CallRate) {
    this.#rate = rate;
  }

  /** Takes turns for some calls: for all of them or none. More than a burst is never let through. */
  take(caller: string, calls: number, nowMs: number): RateDecision {
    const { perSecond, burst } = this.#rate;
    const wholeAtMs = Math.max(this.#wholeAtMs.get(caller) ?? 0, nowMs);
    const next = wholeAtMs + (calls * 1_000) / perSecond;
    const burstMs = (burst * 1_000) / perSecond;
    const taken = next - nowMs <= burstMs;
    if (taken) this.#wholeAtMs.set(caller, next);
    const usedMs = (taken ? next : wholeAtMs) - nowMs;
    return {
      taken,
      left: Math.max(0, Math.floor(((burstMs - usedMs) * perSecond) / 1_000)),
      retryAfterSeconds: taken ? 0 : Math.max(1, Math.ceil((next - nowMs - burstMs) / 1_000)),
      fullInSeconds: Math.ceil(usedMs / 1_000),
    };
  }
}
