/** A value of what is being maximised. */
export type Reading = { readonly position: number; readonly signal: number };

/** Reads the signal at a position; `part` says how much of the search is done then, from 0 to 1. */
export type ReadAt = (position: number, part: number) => Promise<Reading>;

/** Where to search. */
export type SearchRange = {
  readonly from: number;
  readonly to: number;
  /** Readings of the scan, both ends included. */
  readonly steps: number;
  /** The search never leaves these. */
  readonly min: number;
  readonly max: number;
};

// The scan takes most of the time; what follows are short ways.
const scanPart = 0.7;

/**
 * Scans a range in equal steps. When the strongest reading is at an end, climbs on beyond it while the signal rises, at
 * most as many steps again.
 *
 * @returns the strongest reading, and the bracket of one step to both sides of it
 */
export async function scanForPeak(readAt: ReadAt, range: SearchRange) {
  const step = (range.to - range.from) / (range.steps - 1);
  const readings: Reading[] = [];
  for (let i = 0; i < range.steps; i++) {
    readings.push(await readAt(range.from + i * step, (scanPart * (i + 1)) / range.steps));
  }
  let best = strongest(readings);
  const direction = best === readings.at(-1) ? 1 : best === readings[0] ? -1 : 0;
  for (let i = 0; direction !== 0 && i < range.steps; i++) {
    const position = Math.min(range.max, Math.max(range.min, best.position + direction * step));
    if (position === best.position) break;
    const next = await readAt(position, scanPart);
    if (next.signal <= best.signal) break;
    best = next;
  }
  return {
    best,
    bracket: [Math.max(range.min, best.position - step), Math.min(range.max, best.position + step)] as const,
  };
}

const golden = (Math.sqrt(5) - 1) / 2;

/**
 * Closes in on the only peak in a bracket by golden-section search: each reading makes the bracket 0.618 times as long.
 *
 * @returns the middle of a bracket no longer than `tolerance`; a longer one where the axis stops only at places so far
 *   apart that the bracket gets no shorter
 */
export async function closeInOnPeak(
  readAt: ReadAt,
  [from, to]: readonly [number, number],
  tolerance: number,
): Promise<number> {
  let [low, high] = [from, to];
  const partAt = () => scanPart + (1 - scanPart) * progressOf(high - low, to - from, tolerance);
  let left = await readAt(high - golden * (high - low), partAt());
  let right = await readAt(low + golden * (high - low), partAt());
  // As many as it takes on an exact axis. An axis that stops elsewhere than it was told must not keep the search going.
  let most = Math.ceil(Math.log((to - from) / tolerance) / -Math.log(golden)) + 1;
  for (; high - low > tolerance && most > 0; most -= 1) {
    if (left.signal >= right.signal) {
      high = right.position;
      right = left;
      left = await readAt(high - golden * (high - low), partAt());
    } else {
      low = left.position;
      left = right;
      right = await readAt(low + golden * (high - low), partAt());
    }
  }
  return (low + high) / 2;
}

function strongest(readings: readonly Reading[]): Reading {
  return readings.reduce((best, reading) => (reading.signal > best.signal ? reading : best));
}

/** How much of the way from the first length to the tolerance is done, on the scale of halvings. */
function progressOf(length: number, first: number, tolerance: number): number {
  if (first <= tolerance) return 1;
  return Math.min(1, Math.log(first / length) / Math.log(first / tolerance));
}
