// The contract: what an application defines and what its types are. The protocol is `@longhaul/proto/wire`.
export {
  TaskCanceledError,
  TaskFailedError,
  type TaskFailedErrorOf,
  TaskOutputUnfitError,
} from './api/taskErrors.ts';
export { ContractError, type ContractErrorCode } from './contract/contractError.ts';
export { type Contract, defineContract, type TaskAt, type TaskTypes } from './contract/defineContract.ts';
export { defineTask, type TaskOptions } from './contract/defineTask.ts';
export { restRoute } from './contract/restRoute.ts';
export type {
  ErrorsOf,
  InputOf,
  OutputOf,
  ParsedInputOf,
  ProgressOf,
  TaskDefinition,
} from './contract/taskDefinition.ts';
export type { ConcurrencyOptions, RateLimit } from './contract/taskLimits.ts';
export type { TaskPolicy } from './contract/taskPolicy.ts';
export { checkContract } from './evolve/checkContract.ts';
export { contractSnapshot } from './evolve/contractSnapshot.ts';
export type { TaskStatus } from './wire/status.ts';
