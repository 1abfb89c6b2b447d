/** Where an axis is and how fast it goes. */
export type MotionPoint = { readonly position: number; readonly velocity: number };

/** A motion from its beginning to rest, known for every moment in advance. */
export type MotionProfile = {
  readonly durationMs: number;
  /** Where the axis is this many milliseconds after the beginning; before it at its start, after the end at rest. */
  readonly at: (elapsedMs: number) => MotionPoint;
};

/**
 * A move from rest to rest: speeds up by `acceleration`, continues at `velocity`, slows down by `acceleration`. A move too
 * short to reach `velocity` has no middle part (a triangle instead of a trapezoid).
 */
export function planMove(from: number, to: number, velocity: number, acceleration: number): MotionProfile {
  const distance = Math.abs(to - from);
  const direction = Math.sign(to - from);
  const peak = Math.min(velocity, Math.sqrt(distance * acceleration));
  const rampS = peak / acceleration;
  const rampDistance = (peak * rampS) / 2;
  const cruiseS = peak === 0 ? 0 : (distance - 2 * rampDistance) / peak;
  const durationS = 2 * rampS + cruiseS;

  const travelled = (t: number): { distance: number; speed: number } => {
    if (t < rampS) return { distance: (acceleration * t * t) / 2, speed: acceleration * t };
    if (t < rampS + cruiseS) return { distance: rampDistance + peak * (t - rampS), speed: peak };
    const left = durationS - t;
    return { distance: distance - (acceleration * left * left) / 2, speed: acceleration * left };
  };
  return {
    durationMs: durationS * 1000,
    at: elapsedMs => {
      if (elapsedMs <= 0) return { position: from, velocity: 0 };
      // The target itself, not the sum of rounded parts.
      if (elapsedMs >= durationS * 1000) return { position: to, velocity: 0 };
      const { distance: way, speed } = travelled(elapsedMs / 1000);
      return { position: from + direction * way, velocity: direction * speed };
    },
  };
}

/** Braking from full motion to rest by a constant deceleration. */
export function planStop(start: MotionPoint, deceleration: number): MotionProfile {
  const direction = Math.sign(start.velocity);
  const speed = Math.abs(start.velocity);
  const durationS = speed / deceleration;
  const positionAt = (t: number) => start.position + direction * (speed * t - (deceleration * t * t) / 2);
  return {
    durationMs: durationS * 1000,
    at: elapsedMs => {
      if (elapsedMs >= durationS * 1000) return { position: positionAt(durationS), velocity: 0 };
      if (elapsedMs <= 0) return start;
      const t = elapsedMs / 1000;
      return { position: positionAt(t), velocity: direction * (speed - deceleration * t) };
    },
  };
}
