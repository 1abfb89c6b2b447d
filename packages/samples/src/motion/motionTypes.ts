import type { TaskContext } from '@longhaul/executor';
import { TaskError } from '@longhaul/executor';
import type { ErrorsOf, ProgressOf } from '@longhaul/proto';
import type { sampleContract } from '../index.ts';

/** The tasks of the branch `motion`. */
export type MotionTasks = (typeof sampleContract)['motion'];

/** Progress is the same for every motion. */
export type MotionProgress = ProgressOf<MotionTasks['moveAbsolute']>;

/** What a motion needs of its task's context, whichever task it is. */
export type MotionContext = Pick<TaskContext<MotionTasks['moveAbsolute']>, 'signal' | 'progress' | 'log'>;

type MotionErrors = ErrorsOf<MotionTasks['alignFlat']>;

/** What a declared error of a motion carries. */
export type MotionErrorData<C extends keyof MotionErrors> = MotionErrors[C];

/** Makes a declared error. All motions declare the same ones, so code that serves several of them can throw them. */
export function motionError<C extends keyof MotionErrors>(
  code: C,
  message: string,
  data: MotionErrors[C],
): TaskError<C, MotionErrors[C]> {
  return new TaskError(code, message, data);
}
