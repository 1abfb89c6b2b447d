// What a web page needs of the protocol at run time, without zod and the schemas: those are 90 kB of a page's weight.
export { TaskCanceledError, TaskFailedError, TaskOutputUnfitError } from './api/taskErrors.ts';
export { isTerminal, statusAsOf } from './decide/status.ts';
export { fitsFilter, type TaskFilter } from './decide/taskFilter.ts';
export { statuses, type TaskStatus } from './wire/status.ts';
