export {
  errorCatalogue,
  GatewayError,
  type GatewayErrorCode,
  type InputIssue,
} from './api/errorCatalogue.ts';
export {
  cancelCallSchema,
  delayLimitMs,
  idRequestSchema,
  type ListRequest,
  listRequestSchema,
  pageLimit,
  resultRequestSchema,
  runRequestSchema,
  type StartOptions,
  startOptionsSchema,
  startRequestSchema,
  type WatchManyRequest,
  waitLimitMs,
  watchedIdsLimit,
  watchManyRequestSchema,
  watchRequestSchema,
} from './api/requests.ts';
export type {
  GatewayErrorData,
  GatewayErrorShape,
  GatewayRoot,
  GatewayRouter,
  GenericProcedures,
  TaskProcedures,
  TaskTree,
} from './api/routerTypes.ts';
export type {
  AnyTaskEvent,
  AnyTaskRecord,
  FailureOf,
  TaskEventOf,
  TaskOutcomeOf,
  TaskPage,
  TaskRecordOf,
  TaskSummary,
  TaskType,
} from './api/taskViews.ts';
export { ContractError, type ContractErrorCode } from './contract/contractError.ts';
export {
  type Contract,
  defineContract,
  isTaskDefinition,
  listTasks,
  type TaskAt,
  type TaskNames,
} from './contract/defineContract.ts';
export { defineTask, type TaskOptions } from './contract/defineTask.ts';
export {
  defaultPolicy,
  type ErrorSchemas,
  type ErrorsOf,
  type InputOf,
  type OutputOf,
  type ParsedInputOf,
  type ProgressOf,
  type TaskDefinition,
  type TaskPolicy,
} from './contract/taskDefinition.ts';
export { type Claim, decideClaim, decideRefusal, type Refusal, type RefusedEvent } from './decide/chain.ts';
export { fitRecord } from './decide/fitRecord.ts';
export { attemptsKept, fold, recordOfRequest, requestOfRecord } from './decide/fold.ts';
export {
  type ActiveStatus,
  isTerminal,
  nextStatus,
  statusAsOf,
  statuses,
  type TaskStatus,
  type TerminalStatus,
  transitions,
} from './decide/status.ts';
export {
  type CancelOutcome,
  type CancelReply,
  type CancelRequest,
  cancelOutcomeSchema,
  cancelReplySchema,
  cancelRequestSchema,
} from './wire/cancel.ts';
export {
  type EventType,
  eventSchema,
  isLifecycle,
  isTerminalEvent,
  type LifecycleEvent,
  type LifecycleType,
  type StoredEvent,
  type TaskEvent,
} from './wire/event.ts';
export {
  type BuiltInFailureCode,
  builtInFailures,
  type Failure,
  failureSchema,
  isBuiltInFailureCode,
} from './wire/failure.ts';
export {
  instantSchema,
  ownerToken,
  type Priority,
  priorities,
  prioritySchema,
  taskIdSchema,
  taskNameSchema,
} from './wire/names.ts';
export { type AttemptRecord, recordSchema, statusSchema, type TaskRecord } from './wire/record.ts';
export { requestSchema, type TaskRequest } from './wire/request.ts';
export { createSubjects, type RequestAddress, type Subjects, type TaskAddress } from './wire/subjects.ts';
export {
  ackWaitMs,
  createTopology,
  eventsKeptPerTask,
  heartbeatMs,
  payloadLimitBytes,
  type Topology,
} from './wire/topology.ts';
