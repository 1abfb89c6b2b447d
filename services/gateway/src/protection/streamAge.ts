/**
 * How long a stream lives: a random time between half of its maximum and all of it. Streams that were opened together, as
 * after a restart of a gateway, would otherwise end together again and again, and all of their clients would come back in
 * the same moment.
 */
export function streamAgeMs(maxMs: number, random: () => number = Math.random): number {
  return Math.round(maxMs * (0.5 + random() / 2));
}
