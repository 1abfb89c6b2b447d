import { randomUUID } from 'node:crypto';
import { isStorageFull, isStreamNotFound, isUnavailable } from '@longhaul/broker';
import { errorCatalogue, GatewayError, type GatewayErrorCode, type StartFault } from '@longhaul/proto/wire';
import type { FastifyBaseLogger } from 'fastify';

/**
 * Why the signal of a client that is gone, or of a stream that has ended, is aborted. It is one object: without a reason each
 * abort creates an error with a stack, which keeps what is in the stack in memory for as long as the signal.
 */
export const goneReason = new DOMException('The client is gone, or its stream has ended.', 'AbortError');

/** What a caller may learn of an error: its code, message and issues. Anything unexpected becomes INTERNAL. */
export function callerErrorOf(
  error: unknown,
  logger: Pick<FastifyBaseLogger, 'error'> | undefined,
): StartFault {
  if (error instanceof GatewayError) {
    const { code, message, issues, taskId } = error;
    return { reason: code, message, issues, ...(taskId === undefined ? {} : { taskId }) };
  }
  const known = toGatewayError(error);
  if (known) return callerErrorOf(known, logger);
  // The error may contain addresses or secrets. The caller gets an error id; the log gets the error under that id.
  const errorId = randomUUID();
  logger?.error({ err: error, errorId }, 'a call failed unexpectedly');
  return {
    reason: 'INTERNAL',
    message: `Something went wrong in the gateway (error ${errorId}).`,
    issues: [],
  };
}

/** Maps an error of NATS to the error that a caller gets. `undefined`: the error is not one of NATS. */
export function toGatewayError(error: unknown): GatewayError | undefined {
  if (isStorageFull(error)) return storageFull(error);
  if (isStreamNotFound(error)) return topologyLost(undefined, error);
  return isUnavailable(error) ? unavailable(error) : undefined;
}

/**
 * Whether an error is of the moment and not of the call, so that the same call may succeed later: NATS does not answer, is
 * full or lacks a stream, or the gateway stops.
 */
export function isOutage(error: unknown): boolean {
  const known = error instanceof GatewayError ? error : toGatewayError(error);
  return known !== undefined && errorCatalogue[known.code].trpc === 'SERVICE_UNAVAILABLE';
}

/** The error while a stream or bucket is missing. */
export function topologyLost(why: string | undefined, cause?: unknown): GatewayError {
  const reason = why ?? 'A stream of Longhaul is missing in NATS.';
  return new GatewayError('TOPOLOGY_LOST', `${reason} Try again in a moment.`, { cause });
}

/** The error when the storage of NATS is full. */
export function storageFull(cause: unknown): GatewayError {
  return new GatewayError(
    'STORAGE_FULL',
    'The storage of NATS is full, so nothing was stored. Raise `max_file_store` of nats-server or the limit of the stream, or free its disk, then try again.',
    { cause },
  );
}

/** The error when NATS does not answer. */
export function unavailable(cause: unknown): GatewayError {
  return new GatewayError('NATS_UNAVAILABLE', 'NATS does not answer. Try again in a moment.', { cause });
}

/** A refusal that ends by itself, and after how many seconds. */
export class RetryLaterError extends GatewayError {
  readonly retryAfterSeconds: number;

  constructor(code: GatewayErrorCode, message: string, retryAfterSeconds: number) {
    super(code, message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** `Retry-After` where the duration is unknown. */
const soonSeconds = 1;

/** After how many seconds a refused call may be repeated: `Retry-After`. `undefined`: repeating it does not help. */
export function retryAfterSeconds(error: unknown): number | undefined {
  if (error instanceof RetryLaterError) return error.retryAfterSeconds;
  if (!(error instanceof GatewayError)) return undefined;
  return isTemporary(errorCatalogue[error.code].http) ? soonSeconds : undefined;
}

/** Whether a refusal with this HTTP status is temporary: 429 and 503. */
export function isTemporary(httpStatus: number): boolean {
  return httpStatus === 429 || httpStatus === 503;
}
