export type { EndedOutcomeOf, TaskFailedErrorOf } from '@longhaul/proto';
export { TaskCanceledError, TaskFailedError, TaskOutputUnfitError } from '@longhaul/proto/browser';
export {
  type AllTasks,
  createTasks,
  type StartedOf,
  type TaskClient,
  type TaskClients,
  type Tasks,
} from './createTasks.ts';
export type { Token } from './credentials.ts';
export { gatewayLinks, type LinkOptions } from './links.ts';
export { refusalOf } from './refusal.ts';
export type { AllSchedules, ScheduleOwner } from './schedules.ts';
export type { SystemOverview } from './system.ts';
export type { EventsOptions, RetryOptions, TaskHandle, WaitOptions } from './taskHandle.ts';
