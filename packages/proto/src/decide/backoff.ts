import type { CompleteBackoff } from '../contract/backoff.ts';

/**
 * How long to wait after a failed attempt.
 *
 * @param failures how many attempts have failed so far, this one included
 * @param random a number of 0 to 1: of an exponential wait half is fixed and half is random, so that tasks that
 *   failed together are not tried again together
 */
export function backoffDelayMs(backoff: CompleteBackoff, failures: number, random: number): number {
  switch (backoff.kind) {
    case 'fixed':
      return backoff.delayMs;
    case 'list':
      return backoff.delaysMs[Math.min(failures, backoff.delaysMs.length) - 1] ?? 0;
    case 'exponential': {
      const fullMs = Math.min(backoff.maxMs, backoff.firstMs * backoff.factor ** (failures - 1));
      return Math.round(fullMs / 2 + (fullMs / 2) * random);
    }
  }
}
