import { JetStreamApiCodes, JetStreamApiError, JetStreamError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';

/** JetStream's code for a stream that exists with another configuration. */
const streamNameInUse = 10058;
const consumerAlreadyExists = 10148;
const consumerCreateFailed = 10012;

/** The publish was refused because the subject's last sequence is not the expected one. */
export function isWrongLastSequence(error: unknown): boolean {
  return (
    error instanceof JetStreamApiError &&
    (error.code === JetStreamApiCodes.StreamWrongLastSequence ||
      error.code === JetStreamApiCodes.StreamWrongLastSequenceUnknown)
  );
}

/** A stream or consumer of that name exists, but not as asked for. */
export function isConfigurationConflict(error: unknown): boolean {
  return (
    error instanceof JetStreamApiError &&
    (error.code === streamNameInUse || error.code === consumerAlreadyExists)
  );
}

/**
 * nats-server has a consumer in memory and its files are gone, so that it cannot store what is asked of it (10012). Seen
 * where a consumer is deleted while others ensure it: the deletion removes the folder of the one that was just created.
 */
export function isConsumerWithoutFiles(error: unknown): boolean {
  return (
    error instanceof JetStreamApiError &&
    error.code === consumerCreateFailed &&
    error.message.includes('no such file or directory')
  );
}

/** The subject of a request has no subscriber. */
export function isNoResponders(error: unknown): boolean {
  if (error instanceof errors.NoRespondersError) return true;
  return error instanceof errors.RequestError && error.isNoResponders();
}

/** JetStream's codes for a store that takes nothing more; the client does not name them. */
const insufficientResources = 10023;
const storageResourcesExceeded = 10047;
const memoryResourcesExceeded = 10028;
const streamStoreFailed = 10077;

/** There is no room: of the server (`max_file_store`), of an account, of a stream (`max_bytes`), or on its disk. */
export function isStorageFull(error: unknown): boolean {
  if (!(error instanceof JetStreamApiError)) return false;
  if (error.code === streamStoreFailed) return /maximum|no space|full/i.test(error.message);
  return (
    error.code === insufficientResources ||
    error.code === storageResourcesExceeded ||
    error.code === memoryResourcesExceeded
  );
}

/** JetStream's code while another publish with the same message id is not decided yet, which takes a moment on replicas. */
const duplicateInProcess = 10158;

/** Another publish with the same message id is under way: the same one again will be its duplicate, or stored. */
export function isDuplicateInProcess(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === duplicateInProcess;
}

/** NATS or JetStream did not answer: down, unreachable, without a leader, or with a stream that is to be repaired. Trying again later may help. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof errors.TimeoutError || error instanceof errors.ClosedConnectionError) return true;
  if (error instanceof errors.ConnectionError || error instanceof errors.DrainingConnectionError) return true;
  // A stream that is gone is created again by the process that notices it: see `TopologyGuard`.
  if (error instanceof JetStreamApiError)
    return error.status === 503 || isStreamNotFound(error) || isDuplicateInProcess(error);
  if (error instanceof JetStreamError || isNoResponders(error)) return true;
  // A publish without a responder ends as "JetStream is not enabled", also while the server's streams are starting.
  return error instanceof Error && isNoResponders(error.cause);
}

/** A direct get that finds nothing ends with this status where it asked for a batch. */
export function isNotFoundStatus(error: unknown): boolean {
  return error instanceof JetStreamError && 'code' in error && error.code === 404;
}

/** There is no stream of that name. */
export function isStreamNotFound(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
}

/** There is no durable consumer of that name: no executor has ever served it. */
export function isConsumerNotFound(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound;
}

/** JetStream's code where no set of servers can keep a stream as it is asked for. */
const noSuitablePeers = 10005;

/**
 * A server that could keep the stream is known to the cluster and is not there, now or since its start. Where all are there
 * and do not fit (too few, without the tags), the server names other reasons, or none.
 */
export function isServerAway(error: unknown): boolean {
  return (
    error instanceof JetStreamApiError &&
    error.code === noSuitablePeers &&
    /offline|miscellaneous/i.test(error.message)
  );
}
