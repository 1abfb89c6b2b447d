/** Random numbers that a seed repeats. */
export type SeededRandom = {
  /** A whole number from `low` to `high`, both included. */
  readonly whole: (low: number, high: number) => number;
  /** True in this share of the calls. */
  readonly chance: (share: number) => boolean;
  readonly pick: <T>(items: readonly T[]) => T;
  /** One of the keys, each as often as its weight says. */
  readonly weighted: <K extends string>(weights: { readonly [P in K]: number }) => K;
};

/**
 * A stream of random numbers. Streams of one seed with different labels do not influence each other, so that one more
 * number in the plan of the tasks leaves the plan of the faults as it is.
 */
export function seededRandom(seed: number, label: string): SeededRandom {
  const next = mulberry32(hash(`${seed}/${label}`));
  const whole = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  const pick = <T>(items: readonly T[]): T => {
    const item = items[whole(0, items.length - 1)];
    if (item === undefined) throw new RangeError('There is nothing to pick from.');
    return item;
  };
  return {
    whole,
    pick,
    chance: share => next() < share,
    weighted: weights => {
      const entries = Object.entries<number>(weights) as [keyof typeof weights, number][];
      let rest = next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [key, weight] of entries) {
        rest -= weight;
        if (rest < 0) return key;
      }
      return pick(entries)[0];
    },
  };
}

/** Mulberry32: 32 bits of state, which is plenty for a plan. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const char of text) value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return value;
}
