// The protocol, for gateways, executors and tools: messages, subjects, topology, and the decisions over them.
export { CodedError } from './api/codedError.ts';
export {
  errorCatalogue,
  GatewayError,
  type GatewayErrorCode,
  type InputIssue,
} from './api/errorCatalogue.ts';
export {
  type CancelManyRequest,
  type ChildTaskOptions,
  cancelCallSchema,
  cancelManyLimit,
  cancelManyRequestSchema,
  childOptionsSchema,
  delayLimitMs,
  idRequestSchema,
  type ListRequest,
  listRequestSchema,
  nameRequestSchema,
  pageLimit,
  resultRequestSchema,
  retryCallSchema,
  runRequestSchema,
  type StartOptions,
  startManyLimit,
  startManyRequestSchema,
  startOptionsSchema,
  startRequestSchema,
  type WatchListRequest,
  type WatchManyRequest,
  waitLimitMs,
  watchedIdsLimit,
  watchListRequestSchema,
  watchManyRequestSchema,
  watchRequestSchema,
} from './api/requests.ts';
export type {
  GatewayRoot,
  GatewayRouter,
  GenericProcedures,
  TaskProcedures,
  TaskTree,
} from './api/routerTypes.ts';
export {
  type CreateSchedule,
  createScheduleSchema,
  type DeletedSchedule,
  type ListSchedules,
  listSchedulesSchema,
  nextTimesShown,
  type Schedule,
  type ScheduleCall,
  type ScheduleChanges,
  type ScheduleList,
  type ScheduleOptions,
  type ScheduleProcedures,
  type ScheduleRun,
  type ScheduleSummary,
  type ScheduleTiming,
  scheduleCallSchema,
  scheduleChangesSchema,
  scheduleLimit,
  type UpdateSchedule,
  updateScheduleSchema,
} from './api/schedules.ts';
export {
  type ExecutorInfo,
  type Percentiles,
  type QueueInfo,
  type SystemEvent,
  type SystemProcedures,
  type SystemWatchRequest,
  systemWatchRequestSchema,
  type Throughput,
  type ThroughputBucket,
  type ThroughputRequest,
  throughputRequestSchema,
} from './api/system.ts';
export { outputUnfitMessage } from './api/taskErrors.ts';
export type {
  AnyTaskEvent,
  AnyTaskRecord,
  ContractPart,
  EndedOutcomeOf,
  FailureOf,
  GatewayErrorData,
  GatewayErrorShape,
  ListChange,
  ShownEvent,
  StartFault,
  StartResultOf,
  TaskEventOf,
  TaskOutcomeOf,
  TaskPage,
  TaskRecordOf,
  TaskSummary,
  TaskType,
  TypePause,
  UnfitParts,
} from './api/taskViews.ts';
export { type EndedTask, fitted, typedFailure, typedOutcome } from './api/typedOutcome.ts';
export { faultsError, faultsText, issuesOf, requireShallow, validateInput } from './api/validateInput.ts';
export { type Backoff, backoffSchema } from './contract/backoff.ts';
export { isTaskDefinition, listTasks } from './contract/defineContract.ts';
export { ownRestSegments, type RestRoute } from './contract/restRoute.ts';
export { type OptionNames, requireKnownOptions, strictOptions } from './contract/strictOptions.ts';
export { type ErrorSchemas, type ExposeStack, exposures } from './contract/taskDefinition.ts';
export {
  type ConcurrencyLimit,
  concurrencyKeyLimit,
  type LimitOptions,
  type TaskLimits,
  type WhenBusy,
} from './contract/taskLimits.ts';
export { defaultPolicy, type PolicyOverrides, policyOverridesSchema } from './contract/taskPolicy.ts';
export { backoffDelayMs } from './decide/backoff.ts';
export { type Claim, type ClaimLimits, decideClaim } from './decide/claim.ts';
export {
  type DueTimes,
  decideFirings,
  type FiringContext,
  type FiringDecision,
  withEnd,
  withFiring,
} from './decide/firing.ts';
export { fitRecord } from './decide/fitRecord.ts';
export { attemptsKept, fold, recordOfRequest, requestOfRecord } from './decide/fold.ts';
export { concurrencyKeysOf, namesKeys, type RequiredPermit, requiredPermits } from './decide/limitKeys.ts';
export { deadlineOf, policyOf } from './decide/limits.ts';
export {
  acquirePermit,
  evictHolder,
  goesBefore,
  noPermits,
  type PermitAnswer,
  type Ranked,
  rankOf,
  releasePermit,
  waitValidMs,
} from './decide/permits.ts';
export { type RateAnswer, takeTurn } from './decide/rate.ts';
export { decideRefusal, type Refusal, type RefusedEvent } from './decide/refusal.ts';
export { type AfterFailure, decideAfterFailure, type RetryAdvice } from './decide/retry.ts';
export {
  activeStatuses,
  isRunning,
  isTerminal,
  nextStatus,
  statusAsOf,
  terminalStatuses,
  transitions,
} from './decide/status.ts';
export { fitsFilter, type TaskFilter } from './decide/taskFilter.ts';
export {
  foldState,
  holderOf,
  isToBegin,
  isToPause,
  type LifecycleChange,
  nextState,
  stateOfRequest,
} from './decide/taskState.ts';
export type { ContractFinding, ContractVerdict, FindingLevel } from './evolve/checkContract.ts';
export type { ContractSnapshot, TaskSnapshot } from './evolve/contractSnapshot.ts';
export { type ChildLink, childrenKept, type ParentLink } from './wire/childLinks.ts';
export {
  type CancelManyOutcome,
  type CancelOutcome,
  type CancelReply,
  type CancelRequest,
  type CommandRole,
  type ControlOutcome,
  type ControlReply,
  type ControlRequest,
  cancelOutcomeSchema,
  cancelReplySchema,
  cancelRequestSchema,
  commandRoles,
  controlOutcomeSchema,
  controlReplySchema,
  controlRequestSchema,
  type HolderReply,
  type HolderRequest,
  holderReplySchema,
  holderRequestSchema,
  type Wake,
  wakeSchema,
} from './wire/commands.ts';
export {
  type EventKind,
  type EventType,
  eventKinds,
  eventSchema,
  isLifecycle,
  isTerminalEvent,
  kindOfEvent,
  type LifecycleEvent,
  type StoredEvent,
  type TaskEvent,
} from './wire/event.ts';
export { type ExecutorStatus, executorStatusSchema } from './wire/executorStatus.ts';
export {
  type BuiltInFailureCode,
  builtInFailures,
  type Failure,
  type FailureCause,
  failureLimits,
  failureSchema,
  isBuiltInFailureCode,
  type Thrown,
  thrownSchema,
  withoutStacks,
} from './wire/failure.ts';
export {
  type Freed,
  freedSchema,
  type PermitHolder,
  type Permits,
  permitsSchema,
  type Rate,
  rateSchema,
} from './wire/limit.ts';
export {
  instantSchema,
  ownerToken,
  type Priority,
  priorities,
  prioritySchema,
  statusSchema,
  taskIdSchema,
  taskTypeSchema,
} from './wire/names.ts';
export {
  importsOf,
  inboxPrefixOf,
  type NatsPermissions,
  type NatsUser,
  natsPermissions,
  natsUsers,
} from './wire/natsPermissions.ts';
export { type PayloadRef, payloadRefSchema } from './wire/payload.ts';
export { type AttemptRecord, recordSchema, type TaskRecord } from './wire/record.ts';
export { requestSchema, type TaskRequest } from './wire/request.ts';
export {
  defaultMisfireAfterMs,
  type Fire,
  type Firing,
  type FiringEnd,
  type FiringOutcome,
  fireSchema,
  firingOutcomes,
  firingSchema,
  firingsKept,
  type MisfirePolicy,
  misfireLimit,
  misfirePolicies,
  type Overlap,
  type ScheduleRecord,
  scheduleIdSchema,
  scheduleSchema,
} from './wire/schedule.ts';
export {
  type ActiveStatus,
  type LifecycleType,
  statuses,
  type TerminalStatus,
} from './wire/status.ts';
export {
  createSubjects,
  type EventAddress,
  type RequestAddress,
  type ScheduleAddress,
  type Subjects,
  type TaskAddress,
} from './wire/subjects.ts';
export { type TaskState, taskStateSchema } from './wire/taskState.ts';
export {
  ackWaitMs,
  beginsUnreadMs,
  clockNoteMs,
  createTopology,
  defaultLogLinesKept,
  defaultPayloadLimitBytes,
  defaultPayloadsKeptMs,
  eventLogVersion,
  eventLogVersionKey,
  fireAckWaitMs,
  fireKeptSeconds,
  firstPublishHeader,
  heartbeatMs,
  inlineLimitBytes,
  leastLogLinesKept,
  lifecycleLimit,
  progressKept,
  progressKeptSeconds,
  type Replicas,
  replicaCounts,
  type Topology,
  type TopologyOptions,
} from './wire/topology.ts';
