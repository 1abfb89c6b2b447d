/** A measured point of a surface, in micrometres. */
export type SurfacePoint = { readonly x: number; readonly y: number; readonly height: number };

/**
 * The tilt of the plane through three points, in degrees: `tx` is positive where positive y is higher, `ty` where
 * positive x is lower (right-handed turns about x and y).
 *
 * @throws RangeError when the points lie on one line
 */
export function tiltOfPlane([a, b, c]: readonly [SurfacePoint, SurfacePoint, SurfacePoint]): {
  tx: number;
  ty: number;
} {
  const ab = { x: b.x - a.x, y: b.y - a.y, height: b.height - a.height };
  const ac = { x: c.x - a.x, y: c.y - a.y, height: c.height - a.height };
  const area = ab.x * ac.y - ac.x * ab.y;
  if (Math.abs(area) < 1e-9) throw new RangeError('Three points on one line make no plane.');
  const slopeX = (ab.height * ac.y - ac.height * ab.y) / area;
  const slopeY = (ab.x * ac.height - ac.x * ab.height) / area;
  return { tx: degrees(Math.atan(slopeY)), ty: -degrees(Math.atan(slopeX)) };
}

/** Three points on a circle, a third of it apart. */
export function threePointsAround(x: number, y: number, radius: number) {
  const at = (angle: number) => ({ x: x + radius * Math.cos(angle), y: y + radius * Math.sin(angle) });
  return [at(Math.PI / 2), at((7 * Math.PI) / 6), at((11 * Math.PI) / 6)] as const;
}

const degrees = (radians: number) => (radians * 180) / Math.PI;
