export {
  type EndedOutcomeOf,
  TaskCanceledError,
  TaskFailedError,
  type TaskFailedErrorOf,
} from '@longhaul/proto';
export {
  type AllTasks,
  createTasks,
  type StartedOf,
  type TaskClient,
  type TaskClients,
  type Tasks,
} from './createTasks.ts';
export { gatewayLinks, type LinkOptions } from './links.ts';
export type { AllSchedules, ScheduleOwner } from './schedules.ts';
export type { EventsOptions, RetryOptions, TaskHandle, WaitOptions } from './taskHandle.ts';
