export type { TaskFailedErrorOf } from '@longhaul/proto';
export { TaskCanceledError, TaskFailedError, TaskOutputUnfitError } from '@longhaul/proto/browser';
export type { EndedOutcomeOf } from '@longhaul/proto/wire';
export { ClientOptionsError, type ClientOptionsErrorCode, GatewayNotReachedError } from './clientErrors.ts';
export {
  type AllTasks,
  createClient,
  type StartedOf,
  type TaskClient,
  type TaskClients,
  type Tasks,
  type TaskTypes,
} from './createClient.ts';
export type { Token } from './credentials.ts';
export { gatewayLinks, type LinkOptions } from './links.ts';
export { gatewayErrorOf } from './refusal.ts';
export type { AllSchedules, ScheduleOwner } from './schedules.ts';
export type { SystemOverview } from './system.ts';
export type { EventsOptions, RetryOptions, TaskHandle, WaitOptions } from './taskHandle.ts';
