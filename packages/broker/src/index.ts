export { type Broker, type BrokerOptions, createBroker } from './broker.ts';
export {
  isConsumerNotFound,
  isNoResponders,
  isNotFoundStatus,
  isStorageFull,
  isStreamNotFound,
  isUnavailable,
  isWrongLastSequence,
} from './brokerErrors.ts';
export { ClockOffsetError, ClockWatch, defaultMaxClockOffsetMs } from './clockWatch.ts';
export { BadMessageError, decode, encode } from './codec.ts';
export { askAll, askCommand, readCommand, sendCommand } from './command.ts';
export { type ConnectOptions, type NatsOptions, type OpenedConnection, openConnection } from './connect.ts';
export type { NatsCredentials, NatsTls, Secret } from './credentials.ts';
export { childTaskId, keyedTaskId } from './derivedTaskId.ts';
export { type DirectBatch, readBatch, readStream } from './directBatch.ts';
export { type EncodedInput, encodeRequest, isSameInput, requireNarrowInput } from './encodeRequest.ts';
export { type ConsumerPlan, covers, ensureConsumer, ensureTopology } from './ensureTopology.ts';
export { appendEvent, appendLifecycle, type LogEnd } from './eventLog.ts';
export { EventLogVersionError } from './eventLogVersion.ts';
export { findAccepted, recordFromLog } from './findAccepted.ts';
export { askHolder, type HolderAnswer } from './holderQuestion.ts';
export { IdSecret } from './idSecret.ts';
export { defaultJsonBreadth, JsonBreadth, type JsonBreadthLimits, tooManyValues } from './jsonBreadth.ts';
export { LimitStore } from './limitStore.ts';
export { type EventProblem, type LogEntry, toLogEntry, toStoredEvent } from './logEntry.ts';
export { natsConfiguration } from './natsConfiguration.ts';
export { type NatsVariables, natsOptionsOf, natsVariables } from './natsEnvironment.ts';
export { pace } from './pace.ts';
export {
  highestPayloadLimitBytes,
  type PackedPayload,
  PayloadError,
  type PayloadStore,
  type PayloadStoreOptions,
} from './payloadStore.ts';
export { type PermitOutcome, PermitPool, type PermitPoolOptions } from './permitPool.ts';
export { type OutgoingRequest, publishRequest } from './publishRequest.ts';
export {
  countOf,
  lastEntry,
  lastLifecycle,
  nextEntry,
  readFromLeader,
  readLogEnd,
  replayEntries,
  replayEvents,
} from './readEventLog.ts';
export { ensureReplication } from './replication.ts';
export { ReplicationChange } from './replicationChange.ts';
export { type Revisioned, RevisionedBucket, type RevisionedBucketOptions } from './revisionedBucket.ts';
export { ServerClock } from './serverClock.ts';
export { NatsCredentialsError, NatsStartError, TopologyError } from './startErrors.ts';
export { StartWait, untilTopology } from './startWait.ts';
export { StorageWatch } from './storageWatch.ts';
export { awaitTaskEnd, type EndEvent } from './taskEnd.ts';
export { TopologyGuard, type TopologyGuardOptions, type TopologyRepair } from './topologyGuard.ts';
export { consumerPart, type NeededConsumer, type NeededStream } from './topologyParts.ts';
export { beginSpan, contextOfHeaders, inSpan, traceHeaders } from './tracing.ts';
export { backoffMs, untilAnswered, waitToRetry } from './untilAnswered.ts';
