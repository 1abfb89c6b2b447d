import { rounded } from './motionRun.ts';
import { type MotionErrorData, motionError } from './motionTypes.ts';
import type { SensorName } from './stageController.ts';
import type { StageSession } from './stageSession.ts';

/** Angles about x and y, in degrees. */
export type Tilt = { readonly tx: number; readonly ty: number };

/** A measurement that says how far the angles are off. */
export type AngleMeasurement = { readonly off: Tilt };

/** How `correctUntil` goes about it. */
export type CorrectionLoop<M extends AngleMeasurement> = {
  readonly toleranceDegrees: number;
  readonly maxIterations: number;
  /** Measures, in this part of the task in percent. */
  readonly measure: (span: readonly [from: number, to: number]) => Promise<M>;
};

/**
 * Measures how far tx and ty are off and turns them back by as much, until both are within the tolerance.
 *
 * @returns the first and the last measurement, and how many corrections lie between them
 * @throws TaskError `NOT_CONVERGED` after `maxIterations` corrections; what measuring and moving throw
 */
export async function correctUntil<M extends AngleMeasurement>(
  session: StageSession,
  loop: CorrectionLoop<M>,
) {
  let first: M | undefined;
  for (let iterations = 0; ; iterations++) {
    const [from, to] = spanOfIteration(iterations);
    const half = (from + to) / 2;
    const last = await loop.measure([from, half]);
    first ??= last;
    const residualDegrees = Math.max(Math.abs(last.off.tx), Math.abs(last.off.ty));
    if (residualDegrees <= loop.toleranceDegrees) return { first, last, iterations };
    if (iterations >= loop.maxIterations) {
      throw notConverged({
        iterations,
        residualDegrees: rounded(residualDegrees),
        toleranceDegrees: loop.toleranceDegrees,
      });
    }
    await turnBy(session, 'tx', -last.off.tx, [half, half + (to - half) / 2]);
    await turnBy(session, 'ty', -last.off.ty, [half + (to - half) / 2, to]);
  }
}

/** Nobody knows how many corrections it takes, so each is half of what is left: the bar slows down, never goes back. */
function spanOfIteration(iteration: number): readonly [number, number] {
  return [100 * (1 - 0.5 ** iteration), 100 * (1 - 0.5 ** (iteration + 1))];
}

async function turnBy(session: StageSession, axis: 'tx' | 'ty', by: number, span: readonly [number, number]) {
  const target = (await session.position(axis)) + by;
  await session.move(axis, target, { span, phase: 'adjusting', description: `Adjusting ${axis}` });
}

/** Makes the declared error for a sensor that sees nothing. */
export function noSignal(sensor: SensorName, what: string, reading: number | null, threshold: number | null) {
  return motionError('NO_SIGNAL', `The sensor "${sensor}" ${what}`, { sensor, reading, threshold });
}

function notConverged(data: MotionErrorData<'NOT_CONVERGED'>) {
  return motionError(
    'NOT_CONVERGED',
    `After ${data.iterations} corrections the angle is still ${data.residualDegrees} degrees off, with ${data.toleranceDegrees} allowed: raise the tolerance or the number of corrections.`,
    data,
  );
}

export const roundedTilt = ({ tx, ty }: Tilt) => ({ tx: rounded(tx), ty: rounded(ty) });
