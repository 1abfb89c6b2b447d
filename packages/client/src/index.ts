export { TaskCanceledError, TaskFailedError, type TaskFailedErrorOf } from './clientErrors.ts';
export { type AllTasks, createTasks, type TaskClient, type TaskClients, type Tasks } from './createTasks.ts';
export { gatewayLinks, type LinkOptions } from './links.ts';
export type { EndedOutcomeOf, EventsOptions, TaskHandle, WaitOptions } from './taskHandle.ts';
