export { TaskCanceledError, TaskFailedError, type TaskFailedErrorOf } from './clientErrors.ts';
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
export type { SystemOverview } from './system.ts';
export type { EndedOutcomeOf, EventsOptions, RetryOptions, TaskHandle, WaitOptions } from './taskHandle.ts';
