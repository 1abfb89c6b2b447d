/** Noise of about this standard deviation, the same in every run with the same seed. */
export function seededNoise(seed: number): (deviation: number) => number {
  let state = seed >>> 0;
  // mulberry32: small, and even enough for noise.
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  // Twelve even ones have a variance of 1 (Irwin–Hall).
  return deviation => deviation * (Array.from({ length: 12 }, uniform).reduce((sum, u) => sum + u, 0) - 6);
}
