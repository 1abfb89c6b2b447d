/** A height at a place, in micrometres. */
export type ProfilePoint = { readonly position: number; readonly height: number };

/**
 * Describes a profile by its line of best fit and what is left without it (the roughness).
 *
 * @param profile two points or more at different positions
 */
export function profileStatistics(profile: readonly ProfilePoint[]) {
  const heights = profile.map(({ height }) => height);
  const meanPosition = mean(profile.map(({ position }) => position));
  const meanHeight = mean(heights);
  const spread = sum(profile.map(({ position }) => (position - meanPosition) ** 2));
  const slope = sum(profile.map(p => (p.position - meanPosition) * (p.height - meanHeight))) / spread;
  const rest = profile.map(p => p.height - meanHeight - slope * (p.position - meanPosition));
  return {
    min: Math.min(...heights),
    max: Math.max(...heights),
    mean: meanHeight,
    slopeDegrees: (Math.atan(slope) * 180) / Math.PI,
    ra: mean(rest.map(Math.abs)),
    rq: Math.sqrt(mean(rest.map(distance => distance ** 2))),
    peakToValley: Math.max(...rest) - Math.min(...rest),
  };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;
