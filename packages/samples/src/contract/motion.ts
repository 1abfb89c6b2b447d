import { defineTask } from '@longhaul/proto';
import { z } from 'zod';

const stage = z.string().min(1).max(64).default('main').meta({
  title: 'Stage',
  description: 'Name of the positioning stage.',
});

const linearAxis = z.string().min(1).max(32).default('x').meta({
  title: 'Axis',
  description: 'Name of the axis: x, y, z (micrometres), tx, ty (degrees).',
});

const velocity = z.number().positive().optional().meta({
  title: 'Velocity',
  description: "In the axis's units a second. Default: the axis's own.",
});

const elapsedMs = z.number().min(0).meta({ description: 'Milliseconds since the task began.' });

/** A stage does one motion at a time, whatever it is; a start that finds it busy is refused. */
const oneAtATime = {
  group: 'motion.stage',
  key: ({ stage: name }: { stage: string }) => name,
  limit: 1,
  whenBusy: 'reject',
} as const;

/** What every motion reports, so that one progress view fits them all. */
const progress = z.object({
  percent: z.number().min(0).max(100),
  description: z.string(),
  phase: z.enum(['waiting', 'moving', 'measuring', 'adjusting', 'stopping', 'stopped', 'done']),
  axis: z.string().optional().meta({ description: 'The axis that moves.' }),
  unit: z
    .enum(['um', 'deg'])
    .optional()
    .meta({ description: 'Unit of the positions: micrometre or degree.' }),
  currentPosition: z.number().optional(),
  targetPosition: z.number().optional(),
  travelled: z.number().optional().meta({ description: 'How far the axis is from where this motion began.' }),
  reading: z.number().optional().meta({ description: 'The latest reading of the sensor in use.' }),
  stopped: z.boolean().optional().meta({ description: 'True when a cancel has brought the stage to rest.' }),
  elapsedMs,
});

const stageErrors = {
  STAGE_UNKNOWN: z.object({ stage: z.string(), known: z.array(z.string()) }),
  AXIS_UNKNOWN: z.object({ axis: z.string(), known: z.array(z.string()) }),
  /** A position or velocity that the axis cannot reach; nothing has moved towards it. */
  OUT_OF_RANGE: z.object({
    axis: z.string(),
    quantity: z.enum(['position', 'velocity']),
    requested: z.number(),
    min: z.number(),
    max: z.number(),
    unit: z.enum(['um', 'deg']),
  }),
  /** The stage refused a command, lost its connection or did not get where it should. */
  STAGE_FAULT: z.object({ stage: z.string(), axis: z.string().nullable(), position: z.number().nullable() }),
};

const noSignal = z.object({
  sensor: z.string(),
  reading: z.number().nullable(),
  threshold: z.number().nullable(),
});
const notConverged = z.object({
  iterations: z.int(),
  residualDegrees: z.number(),
  toleranceDegrees: z.number(),
});

const moved = z.object({
  stage: z.string(),
  axis: z.string(),
  unit: z.enum(['um', 'deg']),
  startPosition: z.number(),
  finalPosition: z.number(),
  travelled: z.number(),
  elapsedMs,
});

const tilt = z.object({ tx: z.number(), ty: z.number() });
const point = z.object({ x: z.number(), y: z.number(), height: z.number() });

const iterations = z.int().min(1).max(20).default(8).meta({
  title: 'Corrections',
  description: 'Give up after this many corrections.',
});

/** A positioning stage: its moves, its alignments, its measurements. */
export const motion = {
  moveAbsolute: defineTask({
    concurrency: oneAtATime,
    title: 'Move an axis to a position',
    description: 'Moves one axis of the stage and says on the way where it is. A cancel stops it there.',
    input: z.object({
      stage,
      axis: linearAxis,
      position: z.number().meta({ title: 'Position', description: "Where to go, in the axis's units." }),
      velocity,
    }),
    progress,
    output: moved,
    errors: stageErrors,
  }),
  moveRelative: defineTask({
    concurrency: oneAtATime,
    title: 'Move an axis by a distance',
    description: 'Moves one axis of the stage from where it is then. A cancel stops it on the way.',
    input: z.object({
      stage,
      axis: linearAxis,
      distance: z
        .number()
        .meta({ title: 'Distance', description: "How far to go, in the axis's units; negative goes back." }),
      velocity,
    }),
    progress,
    output: moved,
    errors: stageErrors,
  }),
  adjustAngle: defineTask({
    concurrency: oneAtATime,
    title: 'Adjust the angles',
    description: 'Turns tx and ty until the inclinometers read the wanted angles.',
    input: z.object({
      stage,
      txDegrees: z.number().default(0).meta({ title: 'Angle about x', description: 'In degrees.' }),
      tyDegrees: z.number().default(0).meta({ title: 'Angle about y', description: 'In degrees.' }),
      toleranceDegrees: z.number().min(0.001).max(5).default(0.005).meta({
        title: 'Tolerance',
        description: 'How far a reading may be off, in degrees.',
      }),
      maxIterations: iterations,
    }),
    progress,
    output: z.object({
      stage: z.string(),
      before: tilt.meta({ description: 'Readings before, in degrees.' }),
      after: tilt.meta({ description: 'Readings after, in degrees.' }),
      finalPositions: tilt.meta({ description: 'Positions of the axes, in degrees.' }),
      iterations: z.int(),
      elapsedMs,
    }),
    errors: { ...stageErrors, NO_SIGNAL: noSignal, NOT_CONVERGED: notConverged },
  }),
  alignFlat: defineTask({
    concurrency: oneAtATime,
    title: 'Align the surface flat',
    description:
      'Measures the height at three points, fits a plane and turns tx and ty until the plane is level.',
    input: z.object({
      stage,
      radius: z.number().min(10).max(20_000).default(2_000).meta({
        title: 'Radius',
        description: 'Distance of the three points from the present position, in micrometres.',
      }),
      toleranceDegrees: z.number().min(0.001).max(5).default(0.01).meta({
        title: 'Tolerance',
        description: 'How far from level the plane may be, in degrees.',
      }),
      maxIterations: iterations,
    }),
    progress,
    output: z.object({
      stage: z.string(),
      before: tilt.meta({ description: 'Tilt of the plane before, in degrees.' }),
      after: tilt.meta({ description: 'Tilt of the plane after, in degrees.' }),
      points: z
        .array(point)
        .length(3)
        .meta({ description: 'The last three measured points, in micrometres.' }),
      finalPositions: z.object({ x: z.number(), y: z.number(), tx: z.number(), ty: z.number() }),
      iterations: z.int(),
      elapsedMs,
    }),
    errors: { ...stageErrors, NO_SIGNAL: noSignal, NOT_CONVERGED: notConverged },
  }),
  alignFocus: defineTask({
    concurrency: oneAtATime,
    title: 'Find the focus',
    description: 'Scans z for the strongest focus signal, closes in on the peak and stops there.',
    input: z.object({
      stage,
      range: z.number().min(10).max(20_000).default(2_000).meta({
        title: 'Range',
        description: 'Length of the scan around the present position, in micrometres.',
      }),
      steps: z
        .int()
        .min(5)
        .max(100)
        .default(21)
        .meta({ title: 'Steps', description: 'Readings of the coarse scan.' }),
      tolerance: z.number().min(0.1).max(100).default(1).meta({
        title: 'Tolerance',
        description: 'How exactly the peak is found, in micrometres.',
      }),
    }),
    progress,
    output: z.object({
      stage: z.string(),
      axis: z.string(),
      finalPosition: z.number().meta({ description: 'Where the peak is, in micrometres.' }),
      signal: z.number().meta({ description: 'The signal there.' }),
      readings: z
        .array(z.object({ position: z.number(), signal: z.number() }))
        .max(250)
        .meta({
          description: 'Every reading, in the order of the search.',
        }),
      elapsedMs,
    }),
    errors: { ...stageErrors, NO_SIGNAL: noSignal },
  }),
  measureProfile: defineTask({
    concurrency: oneAtATime,
    title: 'Measure a surface profile',
    description: 'Moves x or y in equal steps and reads the height at each.',
    pausable: true,
    input: z
      .object({
        stage,
        axis: z
          .enum(['x', 'y'])
          .default('x')
          .meta({ title: 'Axis', description: 'The axis to measure along.' }),
        from: z
          .number()
          .default(-500)
          .meta({ title: 'From', description: 'First position, in micrometres.' }),
        to: z.number().default(500).meta({ title: 'To', description: 'Last position, in micrometres.' }),
        points: z
          .int()
          .min(2)
          .max(1_000)
          .default(51)
          .meta({ title: 'Points', description: 'How many heights to measure.' }),
        velocity,
      })
      .refine(input => input.from !== input.to, { error: 'from and to must differ.', path: ['to'] }),
    progress,
    output: z.object({
      stage: z.string(),
      axis: z.string(),
      profile: z
        .array(z.object({ position: z.number(), height: z.number() }))
        .max(1_000)
        .meta({
          description: 'In micrometres.',
        }),
      statistics: z.object({
        min: z.number(),
        max: z.number(),
        mean: z.number(),
        slopeDegrees: z.number().meta({ description: 'Angle of the line of best fit.' }),
        ra: z.number().meta({ description: 'Mean distance from that line, in micrometres.' }),
        rq: z.number().meta({ description: 'Root mean square distance from that line, in micrometres.' }),
        peakToValley: z
          .number()
          .meta({ description: 'From the lowest to the highest distance from that line.' }),
      }),
      finalPosition: z.number(),
      elapsedMs,
    }),
    errors: { ...stageErrors, NO_SIGNAL: noSignal },
  }),
};
