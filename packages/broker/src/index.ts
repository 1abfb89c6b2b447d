export { BadMessageError, decode, encode } from './border.ts';
export { type Broker, createBroker } from './broker.ts';
export {
  isConsumerNotFound,
  isNoResponders,
  isNotFoundStatus,
  isUnavailable,
  isWrongLastSequence,
  scheduleRefusal,
} from './brokerErrors.ts';
export { type ConnectOptions, type NatsOptions, type OpenedConnection, openConnection } from './connect.ts';
export { type ConsumerPlan, ensureConsumer, ensureTopology, TopologyError } from './ensureTopology.ts';
export {
  appendEvent,
  lastEventSeq,
  readFromLeader,
  replayEvents,
  toStoredEvent,
} from './eventChain.ts';
export {
  highestPayloadLimitBytes,
  type PackedPayload,
  PayloadError,
  type PayloadStore,
  type PayloadStoreOptions,
} from './payloadStore.ts';
export { type Chain, readChain } from './readChain.ts';
export { beginSpan, contextOfHeaders, inSpan, traceHeaders } from './tracing.ts';
