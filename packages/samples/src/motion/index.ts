import { adjustAngleHandler } from './adjustAngle.ts';
import { alignFlatHandler } from './alignFlat.ts';
import { alignFocusHandler } from './alignFocus.ts';
import { measureProfileHandler } from './measureProfile.ts';
import { moveAbsoluteHandler, moveRelativeHandler } from './moves.ts';
import type { MotionOptions } from './options.ts';
import { createStages } from './stages.ts';

export { type MotionOptions, motionOptionsFromEnv } from './options.ts';
export { type SimulatedStageOptions, simulatedStage } from './simulation/simulatedStage.ts';
export {
  type AxisInfo,
  type AxisState,
  type SensorName,
  type StageController,
  StageFault,
  type StopMode,
} from './stageController.ts';

/** The handlers of `motion.*`. They share the stages, so that one stage does one motion at a time. */
export function motionHandlers(options: MotionOptions = {}) {
  const stages = createStages(options);
  return {
    moveAbsolute: moveAbsoluteHandler(stages),
    moveRelative: moveRelativeHandler(stages),
    adjustAngle: adjustAngleHandler(stages),
    alignFlat: alignFlatHandler(stages),
    alignFocus: alignFocusHandler(stages),
    measureProfile: measureProfileHandler(stages),
  };
}
